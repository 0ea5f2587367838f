/* Services whose own entry in the configuration changed: their images differ although none of their
 * files do. */
#include "arcci/glob.h"
#include "changes/services.h"
#include "git/diff.h"
#include "os/file.h"

/* Keys of a group that define its images, or what counts as a change of them. */
static const char *const group_keys[] = {"registry", "image",   "platforms", "image-tags",
                                         "paths",    "build",   "inputs",    "build-args",
                                         "bake",     "compose", NULL};

/* The same for a service.yaml. */
static const char *const file_keys[] = {"name",   "codename", "description", "directory", "role",
                                        "tech",   "image",    "image-tags",  "build",     "paths",
                                        "inputs", "variants", "version",     NULL};

/* The single item of a list, or the value in the long form of a text, if the other node is not a
 * list or mapping. */
static const struct arc_yaml_node *unwrap(const struct arc_yaml_node *node,
                                          const struct arc_yaml_node *other)
{
    static const char *const long_forms[] = {"directory", "context", "files"};

    while (node->type != other->type && node->count == 1) {
        const struct arc_yaml_node *inner = NULL;
        if (node->type == ARC_YAML_LIST)
            inner = node->items[0];
        for (size_t i = 0; !inner && i < ARC_COUNT(long_forms); i++)
            inner = arc_yaml_get(node, long_forms[i]);
        if (!inner)
            break;
        node = inner;
    }

    return node;
}

static bool has_parts(const struct arc_yaml_node *node)
{
    return node->type == ARC_YAML_MAP || node->type == ARC_YAML_LIST || node->type == ARC_YAML_NULL;
}

/* Whether both mean the same, however written: 1 and "1" are the same text. */
static bool is_same(const struct arc_yaml_node *a, const struct arc_yaml_node *b)
{
    if (!a || !b)
        return a == b;
    a = unwrap(a, b);
    b = unwrap(b, a);
    if (a->count != b->count)
        return false;
    if (a->type != b->type && (has_parts(a) || has_parts(b)))
        return false;

    for (size_t i = 0; a->type == ARC_YAML_MAP && i < a->count; i++)
        if (!is_same(a->pairs[i].value, arc_yaml_get(b, a->pairs[i].key->text)))
            return false;

    for (size_t i = 0; a->type == ARC_YAML_LIST && i < a->count; i++)
        if (!is_same(a->items[i], b->items[i]))
            return false;

    return a->type == ARC_YAML_MAP || a->type == ARC_YAML_LIST || !a->text || !b->text ||
           (a->len == b->len && memcmp(a->text, b->text, a->len) == 0);
}

/* The mapping with that suffix in a list of variants. */
static const struct arc_yaml_node *find_variant(const struct arc_yaml_node *variants,
                                                const char *suffix)
{
    arc_yaml_each (variant, variants)
        if (arc_yaml_reads(arc_yaml_get(variant, "suffix"), suffix))
            return variant;
    return NULL;
}

/* A value of a matrix's argument, or the part of the suffix that it has. */
static const struct arc_yaml_node *find_value(const struct arc_yaml_node *axis, const char *text)
{
    arc_yaml_each (value, axis)
        if (arc_yaml_reads(value, text))
            return value;
    return arc_yaml_get(axis, text);
}

/* Whether two texts of `variants` make the same of a service, which is one of them. */
static bool is_same_variant(const struct arc_yaml_node *a, const struct arc_yaml_node *b,
                            const struct arc_service *service)
{
    const struct arc_yaml_node *one = find_variant(a, service->suffix);
    const struct arc_yaml_node *two = find_variant(b, service->suffix);

    if (!b || a->type != ARC_YAML_MAP || b->type != ARC_YAML_MAP || a->count != b->count)
        return one && is_same(one, two);

    for (size_t i = 0; i < a->count; i++) {
        const char *name = a->pairs[i].key->text;
        const struct arc_pair *arg = service->build.args;
        one = a->pairs[i].value;
        two = b->pairs[i].value;
        while (arg->name && strcmp(arg->name, name) != 0)
            arg++;
        if (arg->name) { /* else it is `exclude` */
            one = find_value(one, arg->value);
            two = find_value(two, arg->value);
        }
        if (strcmp(b->pairs[i].key->text, name) != 0 || !one || !is_same(one, two))
            return false;
    }

    return true;
}

/* Whether both items make the same of a service, which may be one of their variants. */
static bool is_same_item(const struct arc_yaml_node *a, const struct arc_yaml_node *b,
                         const struct arc_service *service)
{
    if (!service->suffix || a->type != b->type || a->count != b->count)
        return is_same(a, b);

    arc_yaml_each_pair (pair, a) {
        const struct arc_yaml_node *value = pair->value, *other = arc_yaml_get(b, pair->key->text);
        bool variants = strcmp(pair->key->text, "variants") == 0;
        if (!is_same(value, other) && !(variants && is_same_variant(value, other, service)))
            return false;
    }

    return true;
}

/* The directory, file or glob that an item is of; NULL: none. */
static const char *place_of(const struct arc_yaml_node *item)
{
    const struct arc_yaml_node *node =
        item->type == ARC_YAML_STRING ? item : arc_yaml_get(item, "directory");
    return node && node->type == ARC_YAML_STRING ? node->text : NULL;
}

/* Whether an item names the service, or its file. */
static bool names_it(const struct arc_yaml_node *item, const struct arc_service *service)
{
    const struct arc_yaml_node *codename = arc_yaml_get(item, "codename");

    if (codename && codename->type == ARC_YAML_STRING) {
        size_t len = strlen(service->codename);
        if (service->suffix && *service->suffix) /* after the item's, and a dash */
            len -= strlen(service->suffix) + 1;
        return codename->len == len && strncmp(codename->text, service->codename, len) == 0;
    }

    return arc_yaml_is(arc_yaml_get(item, "name"), service->name) ||
           (service->file && arc_text_same(place_of(item), service->file));
}

/* Whether an item without a codename is of the service's directory, or of a glob with it. */
static bool is_at_it(const struct arc_yaml_node *item, const struct arc_service *service)
{
    ARC_AUTO(arc_glob) struct arc_glob *glob = NULL;
    const char *place = place_of(item);

    if (!place || arc_yaml_get(item, "codename"))
        return false;
    size_t len = strlen(place), own = strlen(service->directory);
    len -= len > 1 && place[len - 1] == '/';
    if (!strpbrk(place, "*?[{"))
        return own == len && strncmp(place, service->directory, len) == 0;
    return arc_glob_compile(place, len, &glob, NULL) == ARC_OK &&
           arc_glob_match(glob, service->directory, own);
}

/* The item of a group's services for this service: one that names it, else the first of its
 * directory, which may have several images; NULL: none. */
static const struct arc_yaml_node *find_item(const struct arc_yaml_node *group,
                                             const struct arc_service *service)
{
    const struct arc_yaml_node *services = arc_yaml_get(group, "services");

    arc_yaml_each (item, services)
        if (names_it(item, service))
            return item;

    arc_yaml_each (item, services)
        if (is_at_it(item, service))
            return item;

    return NULL;
}

/* The group with an item for the service, else the one with that name, whose services are in their
 * own files or defined by a bake or compose file. */
static const struct arc_yaml_node *find_group(const struct arc_yaml *yaml,
                                              const struct arc_service *service, const char *name)
{
    const struct arc_yaml_node *groups = arc_yaml_get(yaml->root, "groups");
    const struct arc_yaml_node *named = arc_yaml_get(groups, name);
    if (service->definition || find_item(named, service))
        return named;
    arc_yaml_each_pair (group, groups)
        if (find_item(group->value, service))
            return group->value;
    return named;
}

/* The first of the keys whose values differ; NULL for none. */
static const char *find_key(const struct arc_yaml_node *old, const struct arc_yaml_node *new,
                            const char *const *keys)
{
    for (; *keys; keys++)
        if (!is_same(arc_yaml_get(old, *keys), arc_yaml_get(new, *keys)))
            break;
    return *keys;
}

/* What differs in the entry; NULL: nothing. */
static const char *find_difference(const struct arc_yaml *before, const struct arc_yaml *after,
                                   const struct arc_service *service, const char *name)
{
    const struct arc_yaml_node *old = find_group(before, service, name);
    const struct arc_yaml_node *new = find_group(after, service, name);

    if (!old || !new)
        return old == new ? NULL : "the group";
    if (old != arc_yaml_get(arc_yaml_get(before->root, "groups"), name))
        return "the group's name";

    const char *key = find_key(old, new, group_keys);
    if (key)
        return key;

    const struct arc_yaml_node *own = find_item(new, service), *other = find_item(old, service);
    if (!own)
        return is_same(arc_yaml_get(old, "services"), arc_yaml_get(new, "services")) ? NULL
                                                                                     : "services";

    bool is_map = own->type == ARC_YAML_MAP || (other && other->type == ARC_YAML_MAP);
    return !other || (is_map && !is_same_item(own, other, service)) ? "its item" : NULL;
}

/* The configuration on both sides. */
struct sides {
    struct arc_buf old, new;
    struct arc_yaml before, after;
    const char *problem; /* why the difference is unknown; or NULL */
};

static void sides_free(struct sides *sides)
{
    arc_yaml_free(&sides->before);
    arc_yaml_free(&sides->after);
    arc_buf_free(&sides->old);
    arc_buf_free(&sides->new);
}

/* *differ is false if both are the same, or `head` has none. */
static int read_sides(const struct arc_git *git, const char *path, const struct arc_oid *base,
                      const struct arc_oid *head, struct sides *out, bool *differ,
                      struct arc_error *err)
{
    struct arc_oid one = {{0}}, two = {{0}};
    int rc = head ? arc_git_entry(git, head, path, &two)
                  : arc_file_read_in(git->worktree, path, ARC_YAML_BYTES, &out->new, NULL);
    bool unread = head && rc == ARC_EWORLD; /* a partial clone may lack the link */

    *differ = false;
    if (rc && !unread)
        return arc_error_memory(rc, err);
    if (!unread)
        rc = arc_git_entry(git, base, path, &one);
    if (rc && rc != ARC_ENOTFOUND && rc != ARC_EWORLD)
        return arc_error_memory(rc, err);
    *differ = !head || rc || strcmp(one.hex, two.hex) != 0;
    if (!*differ)
        return ARC_OK;
    out->problem = rc == ARC_ENOTFOUND ? "the file is new" : "what it was cannot be read";

    if (!rc)
        rc = arc_git_blob(git, base, path, ARC_YAML_BYTES, &out->old, NULL);
    if (!rc && head)
        rc = arc_git_blob(git, head, path, ARC_YAML_BYTES, &out->new, NULL);
    if (rc) /* a partial clone may lack it */
        return arc_error_memory(rc, err);

    *differ = out->old.len != out->new.len ||
              memcmp(arc_buf_text(&out->old), arc_buf_text(&out->new), out->old.len) != 0;

    rc = arc_yaml_parse(arc_buf_text(&out->old), out->old.len, path, 0, &out->before, NULL);
    if (!rc)
        rc = arc_yaml_parse(arc_buf_text(&out->new), out->new.len, path, 0, &out->after, NULL);
    if (!rc)
        out->problem = NULL;

    return arc_error_memory(rc, err);
}

/* Whether a rule of the filter excludes files. */
static bool leaves_out(const struct arc_filters *filters, size_t filter)
{
    const struct arc_filter *the = &filters->items[filter];
    for (size_t i = the->first; i < the->first + the->count; i++)
        if (filters->rules[i].negated)
            return true;
    return false;
}

/* A service.yaml is a file of its service even if its paths exclude it: that cannot be meant for
 * its definition of the image, least of all for these paths. */
static int check_file(const struct arc_git *git, const struct arc_service *service,
                      const struct arc_oid *base, const struct arc_oid *head,
                      struct arc_filter_result *result, struct arc_error *err)
{
    ARC_AUTO(sides) struct sides sides = {0};
    bool differ = false;

    if (result->matched || !service->file)
        return ARC_OK;
    ARC_TRY(read_sides(git, service->file, base, head, &sides, &differ, err));

    if (!differ)
        return ARC_OK;
    const char *what = sides.problem;
    if (!what)
        what = find_key(sides.before.root, sides.after.root, file_keys);
    if (!what)
        return ARC_OK;

    return arc_match_mark(result, err, "its entry in %s changed: %s", service->file, what);
}

int arc_services_entries(const struct arc_git *git, const struct arc_changes_options *options,
                         const bool *only, const struct arc_oid *base, const struct arc_oid *head,
                         bool guess, struct arc_filter_result *results, struct arc_error *err)
{
    ARC_AUTO(sides) struct sides sides = {0};
    const char *path = options->config->path;
    bool differ = false;

    if (*path != '/')
        ARC_TRY(read_sides(git, path, base, head, &sides, &differ, err));
    differ = differ && (guess || !sides.problem);

    for (size_t i = 0; i < options->filters->count; i++) {
        const struct arc_group *group;
        const struct arc_service *service;
        bool is_left_out = leaves_out(options->filters, i);
        if ((only && !only[i]) || !(differ || is_left_out) ||
            !arc_services_find(options, i, &group, &service))
            continue;
        const char *what = differ ? sides.problem : NULL;
        if (service->released) /* a train's entry is in the group that it includes */
            group = service->released->group;
        if (differ && !what)
            what = find_difference(&sides.before, &sides.after, service, group->name);
        if (what)
            ARC_TRY(arc_match_mark(&results[i], err, "its entry in %s changed: %s", path, what));
        if (is_left_out)
            ARC_TRY(check_file(git, service, base, head, &results[i], err));
    }

    return ARC_OK;
}

/* ---- a commit ------------------------------------------------------------------------------- */

/* A commit being matched. For a merge, the names that differ from the first parent are kept, and of
 * those that differ from the second only these count. */
struct commit_match {
    struct arc_match *match;
    json_t *first; /* an object of names; NULL: all count */
    bool keeps;
    bool met; /* the last path counted */
};

static bool enter_folder(void *context, const char *directory, size_t len)
{
    return arc_match_below(((struct commit_match *)context)->match, directory, len);
}

static int match_changed(void *context, const char *path, size_t len, enum arc_git_status status)
{
    struct commit_match *commit = context;
    (void)status; /* a configuration's filters count every status */

    commit->met = false;
    if (commit->keeps)
        return json_object_set_new_nocheck(commit->first, path, json_true()) ? ARC_ENOMEM : ARC_OK;

    commit->met = !commit->first || json_object_get(commit->first, path);
    if (!commit->met)
        return ARC_OK;
    return arc_match_path(commit->match,
                          &(struct arc_changed_file){path, len, ARC_STATUS_MODIFIED, NULL});
}

static int match_link(void *context, const char *path, const struct arc_oid *from,
                      const struct arc_oid *to)
{
    struct commit_match *commit = context;
    (void)from;
    (void)to;
    return commit->met ? arc_match_unseen(commit->match, path, strlen(path), NULL, NULL) : ARC_OK;
}

/* Matches a commit, compared with its first parent: sets `matched` of every result. With `own`, a
 * merge only counts with files that differ from both parents (a resolved conflict); the others
 * belong to the merged commits. */
static int match_commit(struct arc_match *match, const struct arc_git *git,
                        const struct arc_git_commit *commit, bool own, struct arc_error *err)
{
    ARC_AUTO_JSON json_t *first = own && commit->parents > 1 ? json_object() : NULL;
    struct commit_match looked = {.match = match, .first = first, .keeps = first};
    struct arc_git_diff diff = {.from = commit->parents ? &commit->parent : NULL,
                                .to = &commit->oid,
                                .enter = enter_folder,
                                .each = match_changed,
                                .submodule = match_link,
                                .context = &looked};

    arc_each (result, match->out->results, match->out->filters->count) {
        free(result->reason);
        *result = (struct arc_filter_result){0};
    }

    match->once = true;
    ARC_TRY_ALLOC(first || !own || commit->parents < 2, err);
    if (!first || commit->parents == 2) /* git does not merge more than two with conflicts */
        ARC_TRY(arc_git_diff(git, &diff, err));

    if (!json_object_size(first))
        return ARC_OK;
    looked.keeps = false;
    diff.from = &commit->merged;

    return arc_git_diff(git, &diff, err);
}

/* In at most so many commits of a walk docker reads the files that define services; in the others
 * they count as files. */
#define RESOLVED_MAX 20

int arc_services_commit(struct arc_project *project, struct arc_match *match,
                        const struct arc_config *config, const struct arc_git_commit *commit,
                        bool own, bool *any, struct arc_error *err)
{
    const struct arc_changes_options options = {.filters = match->out->filters, .config = config};
    struct arc_filter_result *results = match->out->results;
    const struct arc_oid *base = &commit->parent, *head = &commit->oid;
    size_t last = options.filters->count - 1;
    bool defines = false;

    match->defers = commit->parents && match->resolved < RESOLVED_MAX;
    ARC_TRY(match_commit(match, project->git, commit, own, err));
    for (size_t i = 0; i < last; i++)
        defines |= results[i].defining && !results[i].matched;

    if (defines) {
        match->resolved++;
        ARC_TRY(
            arc_services_definitions(project, &options, match->only, base, head, match->out, err));
    }

    if (results[last].matched && commit->parents)
        ARC_TRY(arc_services_entries(project->git, &options, match->only, base, head, false,
                                     results, err));

    *any = false;
    for (size_t i = 0; i < last; i++)
        *any |= results[i].matched;

    return ARC_OK;
}

int arc_services_listed(const struct arc_changes_options *options, const char *path,
                        struct arc_filter_result *results, struct arc_error *err)
{
    const struct arc_config *config = options->config;

    for (size_t g = 0; config && g < config->group_count; g++)
        arc_each (service, config->groups[g].services, config->groups[g].service_count) {
            if (!service->file || strcmp(service->file, path) != 0)
                continue;
            size_t i =
                arc_filters_index(options->filters, service->codename, strlen(service->codename));
            if (i != SIZE_MAX && leaves_out(options->filters, i))
                ARC_TRY(arc_match_mark(&results[i], err, "its entry in %s may have changed", path));
        }

    return ARC_OK;
}
