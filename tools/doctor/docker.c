/* Docker, its plugins, the scanner and the signer. */
#include "base/platform.h"
#include "base/text.h"
#include "config/build.h"
#include "doctor/doctor.h"

void doctor_docker(struct doctor *doctor, struct doctor_result *result)
{
    if (doctor_ask(doctor, ARC_WORDS("docker", "--version"), &result->found, &result->err)) {
        doctor_fail(result, DOCTOR_MISSING, "install Docker (docker-ce, or Debian's docker.io)");
        return;
    }

    arc_buf_puts(&result->found, "; engine ");

    if (doctor_ask(doctor, ARC_WORDS("docker", "version", "--format", "{{.Server.Version}}"),
                   &result->found, &result->err)) {
        bool refused = strstr(arc_error_text(&result->err), "permission denied");
        doctor_fail(result, DOCTOR_MISSING,
                    refused ? "let your user reach the engine's socket: sudo usermod -aG docker "
                              "USER, then log in again"
                            : "start the Docker engine, or point DOCKER_HOST at one");
        return;
    }

    doctor->has_docker = true;
}

/* An image built without part of its recipe is another image. */
static void check_recipes(const struct doctor *doctor, const char *version,
                          struct doctor_result *result)
{
    doctor_each_group (group, doctor)
        arc_each (service, group->services, group->service_count) {
            const char *ignored = arc_recipe_ignored(&service->build, version);
            if (ignored)
                doctor_advise(result, DOCTOR_MISSING, "%s: %s", service->codename, ignored);
        }
}

void doctor_buildx(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    if (doctor_ask(doctor, ARC_WORDS("docker", "buildx", "version"), &text, &result->err)) {
        doctor_fail(result, DOCTOR_MISSING,
                    "install the plugin (docker-buildx-plugin, or Debian's docker-buildx)");
        return;
    }

    if (!strstr(arc_buf_text(&text), "buildx")) { /* podman prints "buildah 1.37.5" */
        doctor_say(result, DOCTOR_MISSING, arc_buf_text(&text),
                   "this is another program, which has no bake: install Docker's own plugin "
                   "(docker-buildx-plugin)");
        return;
    }

    const char *version = arc_buf_text(&text) + strcspn(arc_buf_text(&text), " ");
    version += strspn(version, " v"); /* Debian's has no "v" */
    arc_buf_add(&result->found, version, strcspn(version, " "));

    if (ARC_STARTS(version, "0.0.0")) /* a custom build */
        doctor_advise(result, DOCTOR_WARNING, "its version is not known: 0.13 or later is needed");
    else if (!arc_text_at_least(version, 0, 13))
        doctor_advise(result, DOCTOR_MISSING,
                      "0.13 or later is needed: its progress is read as rawjson");
    else
        check_recipes(doctor, version, result);
}

/* The platforms of a group's services that no node supports. */
static void add_missing(const struct arc_group *group, const char *list,
                        struct doctor_result *result)
{
    arc_each (service, group->services, group->service_count) {
        char *const *own = service->build.platforms;
        for (char *const *p = own && *own ? own : group->platforms_release; *p; p++) {
            if (arc_platform_listed(list, *p) ||
                arc_platform_listed(arc_buf_text(&result->advice), *p))
                continue;
            arc_text_item(&result->advice, ", ", "%s%s", result->advice.len ? "" : "missing: ", *p);
            result->status = DOCTOR_WARNING;
        }
    }
}

void doctor_platforms(struct doctor *doctor, struct doctor_result *result)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    if (doctor_skip(result, !doctor->has_docker, "no engine to ask"))
        return;

    if (doctor_read(doctor, ARC_WORDS("docker", "buildx", "inspect"), &text, &result->err)) {
        doctor_fail(result, DOCTOR_MISSING,
                    "docker buildx ls shows the builders; choose one with docker buildx use");
        return;
    }

    ARC_AUTO(arc_buf) struct arc_buf driver = {0}, list = {0}, problem = {0};
    arc_inspect_values(arc_buf_text(&text), "Driver:", &driver);
    arc_inspect_values(arc_buf_text(&text), "Platforms:", &list);
    arc_inspect_values(arc_buf_text(&text), "Error:", &problem); /* for an unreachable node */
    const char *shown = list.len ? arc_buf_text(&list) : "platforms not known until it starts";
    const char *name = driver.len ? arc_buf_text(&driver) : "unknown";
    arc_buf_printf(&result->found, "driver %s: ", name);
    arc_text_visible(&result->found, shown, strnlen(shown, 160));

    if (problem.len) {
        result->status = list.len ? DOCTOR_WARNING : DOCTOR_MISSING;
        arc_text_visible(&result->advice, arc_buf_text(&problem), strnlen(problem.data, 300));
        return;
    }

    doctor_each_group (group, doctor)
        if (list.len)
            add_missing(group, shown, result);

    if (result->status == DOCTOR_WARNING)
        arc_buf_puts(&result->advice, "; build them on a runner of their own (arc-ci plan prints "
                                      "the matrix), or install emulation (qemu-user-static, "
                                      "binfmt-support)");
}

void doctor_compose(struct doctor *doctor, struct doctor_result *result)
{
    if (doctor_ask(doctor, ARC_WORDS("docker", "compose", "version", "--short"), &result->found,
                   &result->err))
        doctor_fail(result, DOCTOR_MISSING,
                    "install the plugin (docker-compose-plugin, or Debian 13's "
                    "docker-compose); docker-compose v1 will not do");
    else if (!arc_text_at_least(arc_buf_text(&result->found), 2, 0))
        doctor_advise(result, DOCTOR_MISSING, "version 2 or later is needed");
}

void doctor_trivy(struct doctor *doctor, struct doctor_result *result)
{
    if (doctor_ask(doctor, ARC_WORDS("trivy", "--version"), &result->found, &result->err))
        doctor_fail(result, DOCTOR_MISSING, "install trivy; without a scanner the gate fails");
}

void doctor_cosign(struct doctor *doctor, struct doctor_result *result)
{
    static const char advice[] = "install cosign 3.0 or later, which signs the images";
    ARC_AUTO(arc_buf) struct arc_buf text = {0};
    bool wanted = false;

    if (doctor_skip(result, !doctor->has_config, "no release groups"))
        return;

    doctor_each_group (group, doctor)
        wanted |= group->sign.with != NULL;
    if (!wanted) {
        doctor_say(result, DOCTOR_OK, "no group signs its images", NULL);
        return;
    }

    if (doctor_read(doctor, ARC_WORDS("cosign", "version"), &text, &result->err)) {
        doctor_fail(result, DOCTOR_MISSING, advice);
        return;
    }

    const char *version = strstr(arc_buf_text(&text), "GitVersion:");
    arc_text_visible(&result->found, arc_or(version, ""), version ? strcspn(version, "\r\n") : 0);
    if (!version || !arc_text_at_least(version, 3, 0))
        doctor_advise(result, DOCTOR_MISSING, advice);
}
