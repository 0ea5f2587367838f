#include "project/inputs.h"
#include "arcci/glob.h"
#include "base/json.h"
#include "base/path.h"
#include "base/suggest.h"
#include "config/build.h"
#include "config/graph.h"
#include "os/file.h"

#define DESCRIBED_MAX ((size_t)1 << 20)

static int read_inputs(const char *root, const struct arc_recipe *build, char *const *platforms,
                       bool triggers, struct arc_inputs **out, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *args = arc_pairs_json(build->args);
    ARC_AUTO_JSON json_t *contexts = arc_pairs_json(build->additional_contexts);

    *out = NULL;
    if (arc_context_is_remote(build->context))
        return ARC_OK;

    /* A value with a placeholder is unknown until a plan is made. */
    for (const struct arc_pair *pair = build->args; args && pair && pair->name; pair++)
        if (strchr(pair->value, '{'))
            arc_json_put(&args, pair->name, json_null());
    ARC_TRY_ALLOC(args && contexts, err);

    struct arc_inputs_request request = {.root = root,
                                         .context = build->context,
                                         .dockerfile = build->dockerfile,
                                         .text = build->dockerfile_inline,
                                         .target = build->target,
                                         .args = args,
                                         .contexts = contexts,
                                         .platforms = (const char *const *)platforms,
                                         .triggers = triggers};
    return arc_inputs_read(&request, out, err);
}

int arc_service_inputs(const char *root, const struct arc_group *group,
                       const struct arc_service *service, struct arc_inputs **out,
                       struct arc_error *err)
{
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    char **platforms = NULL;
    bool triggers = false;

    *out = NULL;
    ARC_TRY(arc_service_platforms(group, service, &memory, &platforms, err));
    for (const struct arc_base_ref *base = service->bases; base && base->ref; base++) {
        const struct arc_service *of = arc_group_find_service(group, base->codename);
        triggers |= of && of->triggers;
    }

    return read_inputs(root, &service->build, platforms, triggers, out, err);
}

bool arc_service_waits(const char *root, const struct arc_group *group,
                       const struct arc_service *service)
{
    const char *file = service->build.dockerfile;
    return file && arc_glob_any(group->generated, file) &&
           arc_file_kind_in(root, file) == ARC_FILE_NONE;
}

int arc_planned_inputs(const char *root, const struct arc_planned_service *service,
                       struct arc_inputs **out, struct arc_error *err)
{
    struct arc_recipe build = {0};
    if (service->recipe)
        build = *service->recipe;
    build.context = service->context;
    build.dockerfile = service->dockerfile;
    build.args = service->build_args;

    return read_inputs(root, &build, service->platforms, false, out, err);
}

static int tell_no_dockerfile(const char *root, const struct arc_service *service,
                              struct arc_error *err)
{
    const struct arc_recipe *build = &service->build;
    const char *rest = arc_path_below(build->context, build->dockerfile);
    ARC_AUTO_FREE char *own = arc_file_join(service->directory, arc_or(rest, ""));

    ARC_TRY_ALLOC(own, err);
    bool elsewhere = rest && (arc_file_kind_in(root, rest) == ARC_FILE_REGULAR ||
                              arc_file_kind_in(root, own) == ARC_FILE_REGULAR);

    return arc_error_set(err, ARC_EINPUT, "service '%s' has no Dockerfile: there is no %s%s",
                         service->codename, build->dockerfile,
                         elsewhere ? "; its path starts at the context" : "");
}

/* ---- warnings ------------------------------------------------------------------------------- */

/* What recipes give by name, and whether the Dockerfiles have the names. */
struct given {
    const char *line, *takes, *noun; /* "no ARG takes the build argument" */
    json_t *taken;                   /* object: the group's names that some Dockerfile has */
    bool uncertain;                  /* some Dockerfile may have more names */
};

/* The Dockerfiles of a group, one after another. */
struct checking {
    const struct arc_group *group;
    const struct arc_service *service;
    const struct arc_warner *warner; /* NULL: only errors are looked for */
    struct given args, contexts, secrets;
    struct arc_error *err;
};

static int warn_missing(void *context, const struct arc_input *input, bool ignored)
{
    const struct checking *checking = context;
    if (!ignored && arc_glob_any(checking->group->generated, input->start)) /* by an earlier step */
        return ARC_OK;
    const struct arc_place place = {.file = input->file, .line = input->line};
    return arc_warn_at(
        checking->warner, &place, "%s: %s: %s", checking->service->codename, input->what,
        ignored ? "the ignore file excludes it from the context" : "the context has no such file");
}

/* What BuildKit refuses: a Dockerfile without FROM, a start from "node:-slim". */
static int warn_refused(const struct checking *checking, const struct arc_inputs_facts *facts)
{
    const struct arc_recipe *build = &checking->service->build;
    const char *codename = checking->service->codename;
    const struct arc_place place = {.file = build->dockerfile_inline ? NULL : build->dockerfile,
                                    .line = facts->lacking_line};
    if (facts->refused)
        return arc_warn_at(checking->warner, &place, "%s: docker refuses its Dockerfile: %s",
                           codename, facts->doubt);
    if (!facts->lacking)
        return ARC_OK;
    return arc_warn_at(checking->warner, &place,
                       "%s: FROM %.200s: a variable has no value: give it as a build argument",
                       codename, facts->lacking);
}

/* Whether BuildKit takes an argument without an ARG (Dockerfile reference, "Predefined ARGs" and
 * "BuildKit built-in build args"), or a secret without a mount, for what ADD fetches. */
static bool is_predefined(const char *name)
{
    static const char *const proxies[] = {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY",
                                          "ALL_PROXY"};
    arc_each_in (proxy, proxies)
        if (strcasecmp(name, *proxy) == 0)
            return true;
    return strcmp(name, "SOURCE_DATE_EPOCH") == 0 ||
           ARC_STARTS(name, "BUILDKIT_", "GIT_AUTH_", "HTTP_AUTH_");
}

static int warn_unused(const struct checking *checking, const struct given *given, const char *name,
                       const json_t *names)
{
    const struct arc_recipe *build = &checking->service->build;
    const struct arc_place place = {.file = build->dockerfile_inline ? NULL : build->dockerfile};
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    char **all = NULL;

    arc_json_each_pair (own, value, names)
        ARC_TRY(arc_texts_add(&memory, &all, own, checking->err));
    const char *meant = all ? arc_suggest(name, (const char *const *)all) : NULL;

    return arc_warn_at(checking->warner, &place, "%s: no %s %s the %s '%.100s'%s%.100s%s",
                       checking->service->codename, given->line, given->takes, given->noun, name,
                       meant ? "; did you mean '" : "", arc_or(meant, ""), meant ? "'?" : "");
}

/* What the group gives may be for some of its services. `names`: those of the service's Dockerfile;
 * NULL: it may have any. */
static int check_given(const struct checking *checking, struct given *given,
                       const struct arc_pair *pair, const struct arc_pair *of_group,
                       const json_t *names)
{
    given->uncertain |= !names;

    for (; names && pair && pair->name; pair++) {
        if (json_object_get(names, pair->name))
            ARC_TRY(arc_json_set(given->taken, pair->name, json_true(), checking->err));
        else if (!is_predefined(pair->name) && !arc_pair_is_given(of_group, pair))
            ARC_TRY(warn_unused(checking, given, pair->name, names));
    }

    return ARC_OK;
}

/* Lists secrets, whose texts start with their ids, by these. */
static int list_secrets(char *const *secrets, struct arc_arena *memory, struct arc_pair **out,
                        struct arc_error *err)
{
    size_t count = arc_texts_count(secrets);
    struct arc_pair *pairs = *out = arc_arena_array(memory, count + 1, sizeof *pairs);

    ARC_TRY_ALLOC(pairs, err);
    for (size_t i = 0; i < count; i++) {
        const char *id = secrets[i] + strlen("id=");
        pairs[i] = (struct arc_pair){arc_arena_cut(memory, id, strcspn(id, ",")), secrets[i]};
    }

    return arc_arena_check(memory, err);
}

/* Docker's own files give a target what others need, too. */
static int check_names(struct checking *checking, const struct arc_inputs *inputs)
{
    static const struct arc_inputs_facts any = {.args = NULL};
    const struct arc_inputs_facts *facts = inputs ? arc_inputs_facts(inputs) : &any;
    const struct arc_recipe *own = &checking->service->build, *group = &checking->group->build;
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct arc_pair *secrets;

    ARC_TRY(check_given(checking, &checking->args, own->args, group->args, facts->args));
    if (checking->service->definition)
        return ARC_OK;

    ARC_TRY(list_secrets(own->secrets, &memory, &secrets, checking->err));
    ARC_TRY(check_given(checking, &checking->secrets, secrets,
                        own->secrets == group->secrets ? secrets : NULL, facts->secrets));

    return check_given(checking, &checking->contexts, own->additional_contexts,
                       group->additional_contexts, facts->names);
}

static int check_group(const struct checking *checking, const struct given *given,
                       const struct arc_pair *pair)
{
    for (; !given->uncertain && pair && pair->name; pair++)
        if (!json_object_get(given->taken, pair->name) && !is_predefined(pair->name))
            ARC_TRY(arc_warn_at(checking->warner, NULL,
                                "no %s of any service %s the group's %s '%.100s'", given->line,
                                given->takes, given->noun, pair->name));

    return ARC_OK;
}

/* An unknown word in braces may be meant as it is, unless it looks like a placeholder. One in two
 * pairs of braces, as metadata-action has them, would keep a pair. */
struct slip {
    const char *value;
    char name[40];
    bool doubled;
    const char *meant; /* NULL: none was found */
};

static bool find_slip(void *context, const char *name, struct arc_buf *out)
{
    struct slip *slip = context;
    const char *const *known = arc_placeholders;
    (void)out;

    while (*known && strcmp(*known, name) != 0)
        known++;
    if (slip->meant)
        return false;

    snprintf(slip->name, sizeof slip->name, *known ? "{{%.30s}}" : "{%.30s}", name);
    slip->doubled = *known && strstr(slip->value, slip->name);
    if (!*known)
        slip->meant = arc_suggest(name, arc_placeholders);
    else if (slip->doubled)
        slip->meant = *known;

    return false;
}

/* Looks for slips in the values of the group's own arguments and labels, or of a service's. */
static int check_words(const struct checking *checking, const char *whose,
                       const struct arc_recipe *build)
{
    const struct arc_recipe *group = &checking->group->build;
    const struct arc_pair *lists[][2] = {{build->args, group->args},
                                         {build->labels, group->labels}};

    arc_each_in (list, lists)
        for (const struct arc_pair *pair = (*list)[0]; pair && pair->name; pair++) {
            ARC_AUTO(arc_buf) struct arc_buf unused = {0};
            struct slip slip = {.value = pair->value};
            if (build != group && arc_pair_is_given((*list)[1], pair))
                continue;

            const char *dollar = strstr(pair->value, "${");
            size_t len = dollar ? strcspn(dollar, "}") : 0;
            if (dollar)
                ARC_TRY(arc_warn_at(checking->warner, NULL,
                                    "%s: %s: nothing fills in '%.*s', neither the environment nor "
                                    "GitHub: use placeholders such as {version} and {revision}",
                                    whose, pair->name,
                                    (int)ARC_MIN(len + strspn(dollar + len, "}"), 100), dollar));
            else
                arc_text_fill(pair->value, find_slip, &slip, &unused);
            if (slip.meant)
                ARC_TRY(arc_warn_at(checking->warner, NULL, "%s: %s: '%s' %s; did you mean '{%s}'?",
                                    whose, pair->name, slip.name,
                                    slip.doubled ? "keeps a pair of braces"
                                                 : "is not a placeholder, so it stays as it is",
                                    slip.meant));
        }

    return ARC_OK;
}

/* A slip in the name of a variable of docker's files would publish what they give by default. */
static int check_variables(const char *root, const struct checking *checking)
{
    const struct arc_described *described = &checking->group->described;
    ARC_AUTO(arc_buf) struct arc_buf text = {0};

    for (char **file = described->read; file && *file; file++) {
        int rc = arc_file_read_in(root, *file, DESCRIBED_MAX, &text, NULL);
        ARC_TRY(arc_error_memory(rc, checking->err));
    }

    for (const struct arc_pair *pair = described->variables; pair && pair->name; pair++)
        if (!strstr(arc_buf_text(&text), pair->name))
            ARC_TRY(arc_warn_at(checking->warner, NULL,
                                "variables: neither %s nor what it reads names '%.100s'",
                                described->files[0], pair->name));

    return ARC_OK;
}

static int check_service(const char *root, struct checking *checking)
{
    const struct arc_service *service = checking->service;
    ARC_AUTO(arc_inputs) struct arc_inputs *inputs = NULL;

    if (checking->warner && !service->definition) /* docker's files have no placeholders */
        ARC_TRY(check_words(checking, service->codename, &service->build));
    if (arc_service_waits(root, checking->group, service))
        return ARC_OK;
    int rc = arc_service_inputs(root, checking->group, service, &inputs, checking->err);
    if (rc == ARC_ENOTFOUND)
        return tell_no_dockerfile(root, service, checking->err);
    if (rc)
        return arc_error_prefix(checking->err, "service '%s'", service->codename);
    if (!checking->warner)
        return ARC_OK;
    if (inputs)
        ARC_TRY(warn_refused(checking, arc_inputs_facts(inputs)));
    rc = inputs ? arc_inputs_missing(inputs, warn_missing, checking) : ARC_OK;
    if (rc)
        return rc == ARC_ENOMEM ? arc_error_nomem(checking->err) : rc;

    return check_names(checking, inputs);
}

int arc_group_check_dockerfiles(const char *root, const struct arc_group *group,
                                const struct arc_warner *warner, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *args = json_object(), *contexts = json_object(), *ids = json_object();
    ARC_AUTO(arc_arena) struct arc_arena memory = {0};
    struct arc_pair *secrets;
    struct checking checking = {
        .group = group,
        .warner = warner,
        .args = {"ARG", "takes", "build argument", args, false},
        .contexts = {"line", "names", "additional context", contexts, false},
        .secrets = {"RUN", "mounts", "secret", ids, false},
        .err = err};

    ARC_TRY_ALLOC(args && contexts && ids, err);
    arc_each (service, group->services, group->service_count) {
        checking.service = service;
        ARC_TRY(check_service(root, &checking));
    }

    if (warner) {
        ARC_TRY(check_words(&checking, "the group", &group->build));
        ARC_TRY(check_variables(root, &checking));
        ARC_TRY(check_group(&checking, &checking.args, group->build.args));
        ARC_TRY(check_group(&checking, &checking.contexts, group->build.additional_contexts));
        ARC_TRY(list_secrets(group->build.secrets, &memory, &secrets, err));
        ARC_TRY(check_group(&checking, &checking.secrets, secrets));
    }

    return ARC_OK;
}
