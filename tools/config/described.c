#include "config/described.h"
#include "base/json.h"
#include "config/bases.h"
#include "config/graph.h"
#include "config/reading.h"
#include "os/file.h"
#include "os/folder.h"
#include "os/process.h"
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEPTH_MAX 100 /* nesting of bake's groups */

/* ---- asking docker -------------------------------------------------------------------------- */

/* Replaces placeholders in a variable's value with members of the version. */
struct members {
    const json_t *version;
    bool missing; /* one of them is missing */
};

/* Other words in braces stay as they are. */
static bool add_member(void *context, const char *name, struct arc_buf *out)
{
    struct members *members = context;
    const json_t *value = json_object_get(members->version, name);

    if (!arc_text_among(name, arc_placeholders) &&
        !ARC_AMONG(name, "tag", "previous-tag", "latest", "latest-major", "latest-minor"))
        return false;
    if (json_is_boolean(value))
        arc_buf_puts(out, arc_true_or_false(json_is_true(value)));
    else if (json_is_string(value))
        arc_buf_puts(out, json_string_value(value));
    else
        members->missing = true;

    return true;
}

/* The child's environment: what docker needs to run, and the configuration's variables. Remote
 * includes of compose files are turned off (docs.docker.com/compose, "Remote includes"). */
static int choose_environment(const struct arc_loading *l, const struct arc_env *env,
                              const struct arc_described *described, const json_t *version,
                              char ***list)
{
    static const char *const needed[] = {"PATH",        "HOME",          "DOCKER_CONFIG",
                                         "DOCKER_HOST", "BUILDX_CONFIG", "TMPDIR"};
    arc_each_in (name, needed) {
        const char *value = arc_env_get(env, *name);
        if (value)
            ARC_TRY(arc_texts_add(l->memory, list,
                                  arc_arena_printf(l->memory, "%s=%s", *name, value), l->err));
    }

    for (const struct arc_pair *pair = described->variables; pair && pair->name; pair++) {
        ARC_AUTO(arc_buf) struct arc_buf out = {.max = 65536};
        struct members members = {.version = version};

        arc_buf_printf(&out, "%s=", pair->name);
        arc_text_fill(pair->value, add_member, &members, &out);
        ARC_TRY(arc_buf_check(&out, "a variable", l->err));
        if (!members.missing) /* else the variable is unset */
            ARC_TRY(arc_texts_add(l->memory, list, arc_buf_text(&out), l->err));
    }

    if (!described->compose)
        return ARC_OK;
    ARC_TRY(arc_texts_add(l->memory, list, "COMPOSE_EXPERIMENTAL_GIT_REMOTE=false", l->err));

    return arc_texts_add(l->memory, list, "COMPOSE_EXPERIMENTAL_OCI_REMOTE=false", l->err);
}

/* Creates a socket in a folder of our own for SSH_AUTH_SOCK: buildx does not print targets with
 * `ssh` without one, but never connects to it. On failure, buildx reports the missing socket. */
static int stand_in_for_agent(const struct arc_loading *l, const struct arc_env *env, char **folder,
                              char ***list)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t room = sizeof address.sun_path;

    if (arc_folder_temporary(env, folder, NULL) ||
        (size_t)snprintf(address.sun_path, room, "%s/agent", *folder) >= room)
        return ARC_OK;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool made = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);

    return made ? arc_texts_add(l->memory, list,
                                arc_arena_printf(l->memory, "SSH_AUTH_SOCK=%s", address.sun_path),
                                l->err)
                : ARC_OK;
}

static int add_options(const struct arc_loading *l, char ***words, const char *option,
                       char *const *values)
{
    for (; values && *values; values++) {
        if (option)
            ARC_TRY(arc_texts_add(l->memory, words, option, l->err));
        ARC_TRY(arc_texts_add(l->memory, words, *values, l->err));
    }
    return ARC_OK;
}

/* `option`: one of `docker compose config`, or NULL. */
static int make_command(const struct arc_loading *l, const struct arc_described *described,
                        char *option, char ***out)
{
    static char *const bake[] = {"docker", "buildx", "bake", "--print", NULL};
    static char *const compose[] = {"docker", "compose", NULL};
    char *const config[] = {"config", option, NULL};

    ARC_TRY(add_options(l, out, NULL, described->compose ? compose : bake));
    ARC_TRY(add_options(l, out, "--file", described->files));

    if (described->compose) {
        ARC_TRY(add_options(l, out, "--profile", described->profiles));
        ARC_TRY(add_options(l, out, NULL, config));
    }

    return add_options(l, out, NULL, described->targets);
}

bool arc_docker_lacks_plugin(const char *said)
{
    return ARC_HOLDS(said, "is not a docker command", "unknown command: docker ",
                     "unrecognized command `podman ", /* podman by the name of docker */
                     "unknown flag: --file", "unknown shorthand flag: 'f'");
}

/* A hint for errors of docker about things that are missing in a job that only plans, or in an old
 * docker. */
static const char *hint_at(const char *said)
{
    static const char no_value[] = "; give the variable a default in the file, or a value under "
                                   "'variables': {version} has no value outside of a release";
    static const struct {
        const char *says, *hint;
    } rows[] = {
        {"failed to stat ", "; a secret's file must be there to plan, too: make it before, or take "
                            "the secret from the environment (env=NAME)"},
        {"is missing a value", no_value},
        {"Cannot include a null value", no_value},
        {"Unsupported ", "; a newer buildx may know it: 'docker buildx version' names yours"},
    };
    arc_each_in (row, rows)
        if (strstr(said, row->says))
            return row->hint;

    return "";
}

static int run_docker(const struct arc_loading *l, const struct arc_env *env,
                      const struct arc_described *described, char *option, const json_t *version,
                      struct arc_process_result *result)
{
    char **argv = NULL, **variables = NULL;
    ARC_AUTO_FREE char *folder = NULL;
    int rc = ARC_OK;

    ARC_TRY(make_command(l, described, option, &argv));
    ARC_TRY(choose_environment(l, env, described, version, &variables));
    if (!described->compose)
        rc = stand_in_for_agent(l, env, &folder, &variables);

    struct arc_env there = *env;
    there.cwd = l->root;
    struct arc_process process = {.argv = (const char *const *)argv,
                                  .env = &there,
                                  .environment = (const char *const *)variables,
                                  .timeout = 60};
    if (!rc)
        rc = arc_process_run(&process, result, l->err);
    if (folder)
        arc_folder_remove(folder);

    return rc;
}

/* Writes a compose file that resets env_file of every service in `names`, one per line, and adds it
 * to the files. Names in Compose need no more than quotes. */
static int add_reset(const struct arc_loading *l, const char *names, const char *folder,
                     struct arc_described *described)
{
    ARC_AUTO(arc_buf) struct arc_buf text = {.max = (size_t)1 << 20};
    const char *path = arc_arena_printf(l->memory, "%s/without-env.yaml", folder);
    char **files = NULL;

    arc_buf_puts(&text, "services:\n");
    arc_each_piece (name, names, "\n")
        if (name.len)
            arc_buf_printf(&text, "  \"%.*s\": {env_file: !reset []}\n", (int)name.len, name.text);
    ARC_TRY(arc_buf_check(&text, "the services", l->err));
    ARC_TRY(arc_arena_check(l->memory, l->err));

    ARC_TRY(add_options(l, &files, NULL, described->files));
    ARC_TRY(arc_texts_add(l->memory, &files, path, l->err));
    described->files = files;

    return arc_file_write(path, arc_buf_text(&text), text.len, l->err);
}

/* Missing env_files, which are for containers, stop `docker compose config` but not `build`.
 * Retries without them; if that fails too, the first answer stands. */
static int ask_without_env_files(const struct arc_loading *l, const struct arc_env *env,
                                 const struct arc_described *described, const json_t *version,
                                 struct arc_process_result *result)
{
    ARC_AUTO(arc_process_result) struct arc_process_result names = {0}, again = {0};
    char option[] = "--services", every[] = "*", *profiles[] = {every, NULL};
    struct arc_described more = *described, all = *described;
    ARC_AUTO_FREE char *folder = NULL;

    all.targets = NULL;
    all.profiles = profiles;
    ARC_TRY(run_docker(l, env, &all, option, version, &names));
    if (names.status)
        return ARC_OK;

    ARC_TRY(arc_folder_temporary(env, &folder, l->err));
    int rc = add_reset(l, arc_buf_text(&names.output), folder, &more);
    if (!rc)
        rc = run_docker(l, env, &more, NULL, version, &again);
    arc_folder_remove(folder);
    if (!rc && !again.status) {
        arc_process_result_free(result);
        *result = arc_steal(&again);
    }

    return rc;
}

static int ask_docker(const struct arc_loading *l, const struct arc_env *env,
                      const struct arc_group *group, const json_t *version,
                      struct arc_process_result *result)
{
    const struct arc_described *described = &group->described;
    struct arc_signals held; /* leave no folder behind */

    arc_signals_hold(&held);
    int rc = run_docker(l, env, described, NULL, version, result);
    if (!rc && result->status && described->compose &&
        strstr(arc_buf_text(&result->errors), "env file "))
        rc = ask_without_env_files(l, env, described, version, result);
    arc_signals_release(&held);

    if (rc == ARC_ENOTFOUND)
        return arc_error_set(l->err, ARC_EWORLD,
                             "group %s is described by %s, and there is no docker on PATH that "
                             "could read it; install docker with buildx",
                             group->name, group->described.files[0]);

    if (rc || !result->status)
        return rc;

    const char *tool = group->described.compose ? "docker compose" : "docker buildx bake";
    const char *said = arc_buf_text(&result->errors), *last = said;
    if (arc_docker_lacks_plugin(said))
        return arc_error_set(l->err, ARC_EWORLD,
                             "group %s is described by %s, which %s reads, and this docker has no "
                             "such plugin: install it",
                             group->name, group->described.files[0], tool);

    ARC_AUTO(arc_buf) struct arc_buf shown = {.max = 8192};
    const char *found = strstr(said, "ERROR: ");
    arc_each_piece (line, said, "\n")
        last = line.text;
    found = found ? found + strlen("ERROR: ") : last;
    arc_text_visible(&shown, found, strcspn(found, "\n"));

    return arc_error_set(l->err, ARC_EINPUT, "group %s: %s refuses %s: %s%s", group->name, tool,
                         group->described.files[0], arc_buf_text(&shown),
                         hint_at(arc_buf_text(&shown)));
}

int arc_bake_escape(json_t *value, bool back)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    const char *text = json_string_value(value);
    int failed = 0;

    arc_json_each_pair (name, member, value)
        failed |= arc_bake_escape(member, back);
    arc_json_each (item, value)
        failed |= arc_bake_escape(item, back);
    if (!text)
        return failed;

    for (; *text; text++) {
        if (back && ARC_STARTS(text, "$${", "%%{"))
            continue;
        if (!back && ARC_STARTS(text, "${", "%{"))
            arc_buf_putc(&out, *text);
        arc_buf_putc(&out, *text);
    }

    return out.failed || json_string_set(value, arc_buf_text(&out));
}

/* Unescapes the targets that buildx prints: since 0.23 these members are escaped. */
static int read_targets(const json_t *printed, json_t **out, struct arc_error *err)
{
    static const char *const escaped[] = {"args", "labels", "annotations", "extra-hosts",
                                          "dockerfile-inline"};

    *out = json_incref(json_object_get(printed, "target"));
    arc_json_each_pair (name, target, *out)
        arc_each_in (member, escaped)
            ARC_TRY_ALLOC(arc_bake_escape(json_object_get(target, *member), true) == 0, err);

    return ARC_OK;
}

/* ---- which targets are services -------------------------------------------------------------- */

/* Adds the targets of a bake group, and of nested groups, to `asked`. */
static int note_asked(const json_t *printed, const char *group, unsigned depth, json_t *asked,
                      struct arc_error *err)
{
    const json_t *targets =
        json_object_get(json_object_get(json_object_get(printed, "group"), group), "targets");

    if (depth == DEPTH_MAX)
        return arc_error_set(err, ARC_ELIMIT, "groups of bake, nested more than %d deep",
                             DEPTH_MAX);

    arc_json_each (name, targets) {
        const char *text = json_string_value(name);
        if (!text || json_object_get(asked, text))
            continue;
        ARC_TRY_ALLOC(json_object_set_new(asked, text, json_true()) == 0, err);
        ARC_TRY(note_asked(printed, text, depth + 1, asked, err));
    }

    return ARC_OK;
}

/* Adds the targets that contexts of services name, recursively; these are only linked. */
static int add_bases(const struct arc_loading *l, struct arc_group *group, const json_t *targets,
                     const json_t *names, char **files, const json_t *version)
{
    for (size_t i = 0; i < group->service_count; i++)
        for (size_t k = 0;; k++) { /* adding a service moves the others */
            const struct arc_pair *pair = &group->services[i].build.additional_contexts[k];

            if (!pair->name)
                break;
            if (!ARC_STARTS(pair->value, "target:") ||
                arc_group_find_service(group, pair->value + 7))
                continue;

            const char *codename = pair->value + 7;
            const char *name = json_string_value(json_object_get(names, codename));
            if (!name)
                return arc_error_set(l->err, ARC_EINPUT,
                                     "group %s: an image starts from target '%.100s', and there "
                                     "is none",
                                     group->name, codename);
            ARC_TRY(arc_bake_add_target(l, group, name, json_object_get(targets, name), true, files,
                                        version));
        }

    return ARC_OK;
}

/* Whether a target is released: it has a tag, or the group's `registry` gives it one. A target that
 * is only checked (`call`), or written to a folder without a tag, is not an image. */
static bool makes_image(const struct arc_loading *l, const struct arc_group *group,
                        const json_t *target)
{
    const char *call = arc_json_text_of(target, "call");
    const json_t *outputs = json_object_get(target, "output");
    bool tagged = json_array_size(json_object_get(target, "tags"));
    bool image = tagged || (*group->registries && !json_array_size(outputs));

    arc_json_each (output, outputs)
        image |= *group->registries && arc_bake_image_output(l, output);

    return image && (!*call || strcmp(call, "build") == 0);
}

static int add_services(const struct arc_loading *l, struct arc_group *group, const json_t *targets,
                        const json_t *asked, char **files, const json_t *version)
{
    const struct arc_pair *variables = group->described.variables;
    bool fixed = !variables || !variables->name; /* else a name may come with a release */
    const char *what = group->described.compose ? "service" : "target";

    ARC_AUTO_JSON json_t *names = json_object(); /* of all targets, by codename */

    ARC_TRY_ALLOC(names, l->err);
    group->service_count = 0;

    arc_json_each_pair (name, target, targets) {
        const char *codename = arc_codename_of_target(l->memory, name);
        ARC_TRY(arc_arena_check(l->memory, l->err));
        const char *other = json_string_value(json_object_get(names, codename));
        if (other)
            return arc_error_set(l->err, ARC_EINPUT,
                                 "group %s: the %ss '%.100s' and '%.100s' have one codename, "
                                 "'%.100s', by which filters and jobs are named: rename one",
                                 group->name, what, other, name, codename);
        ARC_TRY(arc_json_set(names, codename, json_string(name), l->err));

        if (!arc_described_asks(asked, name))
            continue;
        if (!makes_image(l, group, target)) {
            if (fixed && arc_texts_have(group->described.targets, name))
                return arc_error_set(l->err, ARC_EINPUT,
                                     "group %s: '%.100s', which '%ss' names, makes no image with a "
                                     "name: give it one, or take it out of '%ss'",
                                     group->name, name, what, what);
            continue;
        }
        ARC_TRY(arc_bake_add_target(l, group, name, target, false, files, version));
    }

    bool compose = group->described.compose, named = *group->registries;
    const char *lacks = compose ? "both 'build' and 'image'" : "tags";
    const char *gives = named ? "" : "; 'registry' in the group gives it one";
    if (named)
        lacks = compose ? "'build'" : "an image as its output";
    const char *defaults =
        fixed ? "" : ", and without a release its variables keep the file's defaults";
    if (!group->service_count)
        return arc_error_set(l->err, ARC_EINPUT, "group %s: no %s of %s has %s%s%s", group->name,
                             what, group->described.files[0], lacks, gives, defaults);

    return add_bases(l, group, targets, names, files, version);
}

int arc_described_files(const struct arc_loading *l, const struct arc_group *group, char ***files,
                        char ***given)
{
    bool by_compose = group->described.compose;

    for (char **file = group->described.files; *file; file++) {
        by_compose |= !arc_bake_is_hcl(*file); /* as in buildx */
        if (arc_file_kind_in(l->root, *file) == ARC_FILE_OTHER)
            return arc_error_set(l->err, ARC_EINPUT, "group %s: %s leads out of the repository",
                                 group->name, *file);
        ARC_TRY(arc_texts_add_once(l, files, *file));
    }

    if (by_compose && arc_compose_files(l, !group->described.compose, files, given))
        return arc_error_prefix(l->err, "group %s", group->name);

    return ARC_OK;
}

int arc_described_resolve(const struct arc_loading *l, const struct arc_env *env,
                          struct arc_group *group, const json_t *version)
{
    ARC_AUTO(arc_process_result) struct arc_process_result result = {0};
    ARC_AUTO_JSON json_t *targets = NULL, *asked = json_object();
    char **files = NULL;

    if (!group->described.files)
        return ARC_OK;
    ARC_TRY_ALLOC(asked, l->err);

    ARC_TRY(arc_described_files(l, group, &files, NULL));
    group->described.read = files;

    ARC_TRY(ask_docker(l, env, group, version, &result));

    /* The targets of the answer, and which of them were requested; none means all. */
    if (group->described.compose) {
        for (char **name = group->described.targets; name && *name; name++)
            ARC_TRY_ALLOC(json_object_set_new(asked, *name, json_true()) == 0, l->err);
        ARC_TRY_PREFIX(arc_compose_targets(l->root, &result.output, asked, &targets, l->err),
                       l->err, "group %s", group->name);
    } else {
        ARC_AUTO_JSON json_t *printed =
            arc_json_load(arc_buf_text(&result.output), result.output.len, 0, NULL);
        if (!printed)
            return arc_error_set(l->err, ARC_EWORLD,
                                 "group %s: docker buildx bake --print printed no JSON",
                                 group->name);
        ARC_TRY(read_targets(printed, &targets, l->err));
        ARC_TRY(note_asked(printed, "default", 0, asked, l->err));
    }

    ARC_TRY(add_services(l, group, targets, asked, files, version));

    return arc_bases_link(l, group);
}
