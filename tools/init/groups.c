/* Groups images by the repository's tags, or by versions in its files, and names them. */
#include "arcci/release_version.h"
#include "git/git.h"
#include "init/sources.h"

/* ---- registries ----------------------------------------------------------------------------- */

bool init_is_local(const char *reference)
{
    const char *end = reference + strcspn(reference, ":./");
    bool has_port = *end == ':' && end[1 + strspn(end + 1, "0123456789")] == '/';
    return has_port || ARC_STARTS(reference, "localhost", "127.0.0.1", "[");
}

void init_count_registry(struct init *init, const char *registry)
{
    json_int_t seen = json_integer_value(json_object_get(init->registries, registry));
    init_set(init, init->registries, registry, json_integer(seen + 1));
}

void init_guess_registry(struct init *init, const char *registry, const char *reason)
{
    if (init->guess && (init_is_owner(init, init->guess) || !init_is_owner(init, registry)))
        return;
    init->guess = registry;
    init->guess_reason = reason;
}

/* The registry for images that no file names: that of the other images, else GHCR. */
static const char *find_registry(struct init *init)
{
    const char *best = NULL;
    json_int_t most = 0;

    init_each_image (image, init) {
        bool is_of_script = image->from == FROM_WORKFLOW && !image->by_workflow;
        bool is_sure = !is_of_script || strstr(arc_or(init_read(init, image->file), ""), "push");
        for (char **at = image->registries; at && *at; at++)
            if (is_sure)
                init_count_registry(init, *at);
            else
                init_guess_registry(init, *at, "no command pushes the image that it is of");
    }

    arc_json_each_pair (registry, seen, init->registries) {
        json_int_t weight = json_integer_value(seen);
        weight *= init_is_owner(init, registry) ? INIT_FILES_MAX * INIT_FILES_MAX : 1;
        if (weight > most) {
            most = weight;
            best = registry;
        }
    }

    if (best)
        return best;
    if (init->guess) {
        init_ask(init, NULL, 0, "which registry? %s is a guess: %s", init->guess,
                 init->guess_reason);
        return init->guess;
    }

    const char *owner = init->owner ? init_lower(init, init->owner) : "owner";
    bool is_named = false;
    init_each_image (image, init)
        is_named = is_named || image->name;
    init_ask(init, NULL, 0,
             init->owner ? "which registry? No file names one; ghcr.io/%s is a guess%s"
                         : "which registry? No file names one; replace ghcr.io/%s with yours%s",
             owner, is_named ? "" : ", as are the names of the images");

    return init_print(init, "ghcr.io/%s", owner);
}

/* ---- codenames ------------------------------------------------------------------------------ */

/* Whether an earlier image has the same codename. False once memory ran out: all names are empty
 * then, and the search for a free one would never end. */
static bool is_taken(const struct init *init, const struct init_image *image)
{
    if (init->arena.failed)
        return false;
    init_each_image (other, init)
        if (other == image || strcmp(other->codename, image->codename) == 0)
            return other != image;
    return false;
}

/* Makes a codename unique by adding parts of the image's path, then a number. */
static void tell_apart(struct init *init, struct init_image *image)
{
    const char *plain = arc_text_or(image->codename, "image");
    char *directory = init_directory(init, image->directory);

    image->codename = arc_arena_text(&init->arena, plain);

    for (; is_taken(init, image) && strcmp(directory, ".") != 0;
         directory = init_directory(init, directory)) {
        const char *last = arc_path_name(directory), *part = init_codename(init, last);
        size_t len = strlen(part);
        if (!len) /* a version such as "3.12": a codename cannot start with a digit */
            image->codename = init_codename(init, init_print(init, "%s-%s", image->codename, last));
        else if (strncmp(image->codename, part, len) != 0 || image->codename[len] != '-')
            image->codename = init_codename(init, init_print(init, "%s-%s", last, image->codename));
    }

    for (unsigned n = 2; is_taken(init, image); n++)
        image->codename = init_codename(init, init_print(init, "%.56s-%u", plain, n));
}

/* The rest of a tag besides its version, "ad" in "{image-tag}-ad"; NULL: nothing. */
static char *told_by(struct init *init, const char *tag)
{
    static const char *const words[] = {"{version}", "{image-tag}", "latest", "{revision}",
                                        "{sha7}"};
    arc_each_in (word, words) {
        const char *at = strstr(tag, *word), *end = at ? at + strlen(*word) : NULL;
        if (!at || strchr(end, '{'))
            continue;
        if (at == tag && *end && strchr("-._", *end) && end[1])
            return arc_arena_text(&init->arena, end + 1);
        if (!*end && at > tag + 1 && strchr("-._", at[-1]) && !ARC_STARTS(tag, "{", "sha-"))
            return init_cut(init, tag, (size_t)(at - 1 - tag));
    }

    return NULL;
}

/* Replaces the codename in the image's tags with {codename}. */
static void name_codename(struct init *init, struct init_image *image)
{
    size_t len = strlen(image->codename);
    json_t *tags = image->tags;

    image->tags = NULL;

    arc_json_each_pair (tag, when, tags) {
        size_t whole = strlen(tag), rest = whole - len;
        const char *name = tag;
        if (whole > len && strcmp(tag + rest, image->codename) == 0 && strchr("-._", tag[rest - 1]))
            name = init_print(init, "%.*s{codename}", (int)rest, tag);
        else if (whole > len && strncmp(tag, image->codename, len) == 0 && strchr("-._", tag[len]))
            name = init_print(init, "{codename}%s", tag + len);
        init_add_tag(init, &image->tags, name, json_string_value(when));
    }
}

/* The image's tags without those of an earlier image with the same name: no plan may have a tag
 * twice. NULL if none of the rest contains the version. */
static json_t *list_own_tags(struct init *init, struct init_image *image)
{
    json_t *own = NULL;
    bool says = false;

    arc_json_each_pair (tag, when, image->tags) {
        bool taken = false;
        init_each_image (other, init) {
            if (other == image)
                break;
            taken = taken || (arc_text_same(image->name, other->name) &&
                              json_object_get(other->tags, tag) && !strstr(tag, "{codename}"));
        }
        if (taken)
            continue;
        init_add_tag(init, &own, tag, json_string_value(when));
        says =
            says || (init_says_version(tag) && !strstr(tag, "{codename}")); /* not an added one */
    }

    return says || json_object_size(own) == json_object_size(image->tags) ? own : NULL;
}

/* The codename of an image that is like others, of which `sharing` have its Dockerfile. */
static void name_by_difference(struct init *init, struct init_image *image, size_t sharing)
{
    const char *told = NULL, *fixed = NULL;
    bool elsewhere = false; /* another name's tags say it, too: "1.0-debian" of cart and of pay */
    bool says = false;      /* its tags have the version: they are not just "nightly" */

    arc_json_each_pair (tag, when, image->tags) {
        told = arc_or(told, told_by(init, tag));
        fixed = arc_or(fixed, strchr(tag, '{') || strcmp(tag, "latest") == 0 ? NULL : tag);
        says = says || (init_says_version(tag) && !strstr(tag, "{codename}"));
    }
    init_each_image (other, init)
        if (told && image->name && other->name && strcmp(image->name, other->name) != 0)
            arc_json_each_pair (tag, when, other->tags)
                elsewhere |= arc_text_same(told_by(init, tag), told);
    if (told && *init_codename(init, told))
        image->codename =
            init_codename(init, elsewhere ? init_print(init, "%s-%s", image->name, told) : told);
    else if (image->from == FROM_WORKFLOW && image->target && sharing > 1)
        image->codename = init_codename(
            init, image->name ? image->target
                              : init_print(init, "%s-%s", image->codename, image->target));
    else if (image->from == FROM_WORKFLOW && image->name && sharing > 1)
        image->codename = init_codename(
            init, fixed && !says ? init_print(init, "%s-%s", image->name, fixed) : image->name);
    else if (image->from == FROM_WORKFLOW)
        image->codename = init_name_dockerfile(init, image->dockerfile);
}

/* Images that share a name, or share a Dockerfile and have no name, get codenames from what differs
 * in their tags, or from their stages or Dockerfiles; those without tags get tags that differ. */
static void name_alike(struct init *init)
{
    init_each_image (image, init)
        if (image->name)
            image->tags = list_own_tags(init, image);

    init_each_image (image, init) {
        size_t alike = 0, sharing = 0;     /* `sharing`: those with the same Dockerfile */
        bool first = true;                 /* of the images with its name */
        bool tells = false, taken = false; /* another image has tags; … the usual ones */

        init_each_image (other, init) {
            bool shares = strcmp(image->dockerfile, other->dockerfile) == 0;
            bool same = arc_text_same(image->name, other->name) && (image->name || shares);
            alike += same;
            sharing += same && shares;
            first = first && other != image;
            tells = tells || (same && other != image && other->tags);
            taken |= same && (first || json_object_get(other->tags, "{version}") ||
                              json_object_get(other->tags, "latest"));
        }
        if (alike < 2)
            continue;

        name_by_difference(init, image, sharing);
        name_codename(init, image);
        if (image->tags || !image->name || (tells && !taken)) /* it keeps the usual tags */
            continue;
        init_add_tag(init, &image->tags, "{version}-{codename}", "");
        init_add_tag(init, &image->tags, "latest-{codename}", "");
    }
}

/* ---- families of tags ----------------------------------------------------------------------- */

/* Git tags that differ only in the version. */
struct init_family {
    struct init_family *next;
    char *prefix;                      /* "catalog", "" */
    char *before;                      /* "catalog/v" */
    size_t count, odd;                 /* `odd`: not semantic versions */
    size_t numbered;                   /* like 1.2.0-20261128 */
    size_t revised;                    /* the same, or like 1.2.0-r3: no word names a prerelease */
    long odd_major;                    /* the highest major version of those */
    struct arc_release_version newest; /* the highest version */
    bool ends_odd;                     /* and it is not semantic */
    bool calver, years;
    bool matched; /* some group uses it */
};

#define FAMILIES_MAX 1000
#define YEARS_OLD    ((int64_t)2 * 365 * 24 * 60 * 60)

#define each_family(family, init)                                                                  \
    for (struct init_family *family = (init)->families; family; family = family->next)

static bool is_version(const char *text, enum arc_versioning versioning,
                       struct arc_release_version *out)
{
    return arc_release_version_parse(text, strlen(text), versioning, out, NULL) == ARC_OK;
}

/* Where the version of a tag starts, after a separator and an optional "v", else after a word, as in
 * "release1.2"; NULL if it has none. `alone`: a number is a version, too, as in b998. */
static const char *version_in(const char *tag, bool alone)
{
    struct arc_release_version version;

    for (int word = 0; word < 2; word++)
        for (const char *at = tag, *next; at; at = next ? next + 1 : NULL) {
            next = strpbrk(at, "/@-_");
            const char *from = at + (word ? strcspn(at, "/@-_.0123456789") : *at == 'v');
            if (is_version(from, ARC_VERSIONING_SEMVER, &version) ||
                is_version(from, ARC_VERSIONING_CALVER, &version) ||
                (alone && !from[strspn(from, "0123456789")] && *from) ||
                (strchr(from, '.') && !strchr(from, '/') &&
                 is_version(from, ARC_VERSIONING_LOOSE, &version)))
                return from;
        }

    return NULL;
}

/* Whether a version is a prerelease only by form: "1.2.0-20261128" is a build of 1.2.0. */
static bool is_numbered(const char *version)
{
    const char *rest = version ? strchr(version, '-') : NULL;
    return rest && !rest[strspn(rest, "-.0123456789")];
}

static void add_to_family(struct init *init, const char *tag, bool alone)
{
    const char *version = version_in(tag, alone);
    size_t before = version ? (size_t)(version - tag) : 0, families = 0;
    char *start = init_cut(init, tag, before), *pattern = init_print(init, "%s{version}", start);
    struct init_family **end = &init->families;
    struct arc_release_version parsed;

    if (!version || !arc_text_is_visible(pattern) || !init_allows(init, arc_check_tag, pattern))
        return; /* not valid in a configuration */

    for (; *end && strcmp((*end)->before, start) != 0; end = &(*end)->next)
        families++;

    if (!*end && families == FAMILIES_MAX) {
        init_ask(init, NULL, 0, "only tags with the first %d different prefixes were read",
                 FAMILIES_MAX);
        return;
    }

    if (!*end) {
        *end = arc_arena_array(&init->arena, 1, sizeof **end);
        if (!*end)
            return;
        size_t name = arc_text_strip(tag, before, "v/@-_");
        **end = (struct init_family){
            .prefix = init_cut(init, tag, name), .before = start, .calver = true, .years = true};
    }

    struct init_family *family = *end;
    long major = strtol(version, NULL, 10);
    bool is_odd = !is_version(version, ARC_VERSIONING_SEMVER, &parsed);
    family->numbered += is_numbered(version);
    family->count++;
    family->odd += is_odd;
    family->odd_major = ARC_MAX(family->odd_major, is_odd ? major : -1);
    bool is_loose = is_version(version, ARC_VERSIONING_LOOSE, &parsed);
    family->revised += is_loose && !parsed.prerelease && strchr(version, '-');
    if (is_loose &&
        (!family->newest.text || arc_release_version_compare(&parsed, &family->newest) > 0)) {
        family->newest = parsed;
        family->ends_odd = is_odd;
    }
    bool is_year = major >= 2000 && major < 2200;
    family->years &= is_year;
    family->calver &=
        (is_year || major < 100) && is_version(version, ARC_VERSIONING_CALVER, &parsed);
}

/* A few tags that are not semantic versions do not count, nor do those of earlier major versions. */
static const char *versioning_of(const struct init_family *family)
{
    bool are_old = family->odd_major < strtol(arc_or(family->newest.text, "0"), NULL, 10);

    if (family->calver && (family->years || family->odd))
        return "calver";
    bool is_loose = (family->odd * 10 > family->count && !are_old) || family->ends_odd ||
                    family->revised == family->count ||
                    (family->numbered * 10 > family->count && is_numbered(family->newest.text));
    return is_loose ? "loose" : NULL;
}

/* When the commit of the highest version was made; 0 if that is unknown. */
static int64_t time_of(struct init *init, const struct init_family *family)
{
    ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
    const char *tag = init_print(init, "%s%s", family->before, arc_or(family->newest.text, ""));
    struct arc_oid oid;

    if (!init_succeeds(init, arc_git_resolve_in(init->git, "refs/tags/", tag, &oid, NULL)) ||
        !init_succeeds(init, arc_git_commit(init->git, &oid, &commit, NULL)))
        return 0;

    return commit.time;
}

/* Whether the last tag is years older than one without a prefix or, if it has none itself, than any
 * that no image matches: today, that form releases all. */
static bool is_given_up(struct init *init, const struct init_family *family)
{
    int64_t last = time_of(init, family);

    each_family (other, init) {
        bool is_rival = *family->prefix ? !*other->prefix : !other->matched;
        if (last && is_rival && time_of(init, other) - last > YEARS_OLD)
            return true;
    }

    return false;
}

/* ---- which images a family releases --------------------------------------------------------- */

static bool is_named(const struct init_image *image, const char *prefix)
{
    const char *last = arc_path_name(prefix);
    return strcmp(image->codename, last) == 0 || (image->name && strcmp(image->name, last) == 0) ||
           strcmp(arc_path_name(image->directory), last) == 0;
}

static bool is_related(const struct init_image *image, const char *prefix)
{
    const char *last = arc_path_name(prefix), *rest = arc_text_after(image->codename, last);
    size_t len = strlen(last);

    if (rest && *rest == '-')
        return true;

    for (const char *part = image->directory; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, last, len) == 0 && (!part[len] || part[len] == '/'))
            return true;
    }

    return false;
}

/* Whether tags with that prefix, "mcp" of mcp-v1.0.0, start the workflow that publishes it. */
static bool is_started(const struct init_image *image, const char *prefix)
{
    const char *rest = image->tag ? arc_text_after(image->tag, prefix) : NULL;
    return rest && !rest[strspn(rest, "v/@-_")];
}

/* Adds the family's form of tags, "BEFORE{version}", to those that release the group. */
static void add_pattern(struct init *init, struct init_group *group, struct init_family *family,
                        const char *before)
{
    init_add_text(init, &group->tags, init_print(init, "%s{version}", before));
    group->versioning = arc_or(group->versioning, versioning_of(family));
    group->is_released = true;
    family->matched = true;
}

/* Whether the prefix matches the image and all images that share its name, since those belong in
 * one group. */
static bool is_meant(const struct init *init, const struct init_image *image, const char *prefix,
                     bool (*match)(const struct init_image *, const char *))
{
    bool all = match(image, prefix);

    init_each_image (other, init) {
        if (!all)
            return false;
        all = !image->name || !arc_text_same(image->name, other->name) || match(other, prefix);
    }

    return all;
}

/* Whether these tags are chart-releaser's, "NAME-1.2.3" for the chart in a folder NAME. If there
 * are plain versions, too, those release the image of that name. */
static bool is_of_chart(struct init *init, const struct init_family *family)
{
    const char *file = init_print(init, "/%s/Chart.yaml", family->prefix);
    bool is_plain = strcmp(family->before + strlen(family->prefix), "-") == 0, has_chart = false;
    bool others = false;

    for (size_t i = 0; is_plain && i < init->file_count; i++)
        has_chart = has_chart || arc_text_ends(init->files[i], file);
    each_family (other, init)
        others = others || !*other->prefix;
    init_each_image (image, init)
        others = others && !arc_text_same(image->tag, family->before);

    return has_chart && others;
}

/* Whether these tags are those of a Go module in a folder, "api/v1.2.0": no image has that name, or
 * there is a release v1.2.0 or api-1.2.0, too. */
static bool is_of_module(struct init *init, const struct init_family *family)
{
    bool has_image = false, has_release = false;

    if (strcmp(family->before, init_print(init, "%s/v", family->prefix)) != 0 ||
        !init_has_file(init, init_print(init, "%s/go.mod", family->prefix)))
        return false;
    init_each_image (image, init)
        has_image =
            has_image || is_named(image, family->prefix) || is_related(image, family->prefix);
    each_family (other, init) {
        bool is_release = !*other->prefix || strcmp(other->prefix, family->prefix) == 0;
        const char *tag = init_print(init, "%s%s", other->before, family->newest.text);
        arc_json_each (name, init->git_tags)
            has_release = has_release || (other != family && is_release &&
                                          arc_text_same(json_string_value(name), tag));
    }

    return has_release || !has_image;
}

/* Leaves tags to the charts and the modules that they release. */
static void leave_others(struct init *init)
{
    each_family (family, init) {
        if (!*family->prefix || family->matched)
            continue;
        bool is_chart = is_of_chart(init, family);
        family->matched = is_chart || is_of_module(init, family);
        if (family->matched)
            init_note(init, NULL, 0, "the tags %s{version} are those of a %s", family->before,
                      is_chart ? "Helm chart" : "Go module");
    }
}

/* Whether the second of two families goes before: its last tag is newer, or it has far more tags. */
static bool is_before(struct init *init, const struct init_family *one,
                      const struct init_family *other)
{
    size_t fewer = ARC_MIN(one->count, other->count), more = ARC_MAX(one->count, other->count);
    int64_t order = time_of(init, other) - time_of(init, one);

    if (!order && versioning_of(one) == versioning_of(other))
        order = arc_release_version_compare(&other->newest, &one->newest);

    return fewer * 10 > more && order ? order > 0 : other->count > one->count;
}

/* Whether tags of another form name the same and go before: "frr-10.5" before "debian/frr-8.0". */
static bool is_outdone(struct init *init, const struct init_family *family)
{
    each_family (other, init)
        if (other != family && !other->matched &&
            arc_text_same(arc_path_name(other->prefix), arc_path_name(family->prefix)) &&
            is_before(init, family, other))
            return true;
    return false;
}

/* Adds a group for every family whose prefix matches images. Returns whether one did. */
static bool take_named(struct init *init, bool (*match)(const struct init_image *, const char *))
{
    bool found = false;

    each_family (family, init) {
        struct init_group *group = NULL;
        if (!*family->prefix || family->matched)
            continue;
        init_each_image (image, init) {
            if (image->group || !is_meant(init, image, family->prefix, match) ||
                is_given_up(init, family) || is_outdone(init, family))
                continue;
            group = arc_or(group, init_add_group(init, family->prefix));
            image->group = group;
        }
        if (group)
            add_pattern(init, group, family, family->before);
        found = found || group;
    }

    return found;
}

static bool are_left(const struct init *init)
{
    init_each_image (image, init)
        if (!image->group)
            return true;
    return false;
}

static void take_left(const struct init *init, struct init_group *group)
{
    init_each_image (image, init)
        image->group = arc_or(image->group, group);
}

/* Families without a prefix release the images that are left; the newest one decides. If they were
 * all given up, the newest family of all does. */
static void take_plain(struct init *init)
{
    struct init_family *first = NULL, *newest = NULL;
    bool is_plain = false;

    each_family (family, init) {
        is_plain = is_plain || !*family->prefix;
        if (!family->matched && (!newest || time_of(init, family) > time_of(init, newest)))
            newest = family;
        if (!*family->prefix && !is_given_up(init, family) &&
            (!first || is_before(init, first, family)))
            first = family;
    }

    first = arc_or(first, is_plain ? newest : NULL);
    if (!first || !are_left(init))
        return;
    struct init_group *group = init_add_group(init, init->repository);
    add_pattern(init, group, first, first->before);

    each_family (family, init) {
        bool is_habit = family->count * 10 > first->count; /* not a mistake, once */
        if (!*family->prefix && !*first->prefix && is_habit &&
            versioning_of(family) == versioning_of(first))
            add_pattern(init, group, family, family->before);
        family->matched |= !*family->prefix;
    }

    take_left(init, group);
}

/* The remaining images: if every family so far belongs to one image, each gets tags of its own in
 * that form; else the only family that matched nothing releases them. */
static void take_rest(struct init *init, bool each_its_own)
{
    struct init_family *spare = NULL, *like = NULL;
    size_t spares = 0;

    if (!are_left(init))
        return;

    each_family (family, init) {
        like = family->matched ? family : like;
        spare = family->matched ? spare : family;
        spares += !family->matched;
    }

    if (each_its_own && like) {
        const char *form = like->before + strlen(like->prefix); /* behind the image's name */
        int above = (int)(arc_path_name(like->prefix) - like->prefix);
        init_each_image (image, init) {
            if (image->group)
                continue;
            image->group = init_add_group(init, image->codename);
            init_add_text(
                init, &image->group->tags,
                init_print(init, "%.*s%s%s{version}", above, like->prefix, image->codename, form));
            init_each_image (other, init) /* an image is in one group */
                if (image->name && arc_text_same(other->name, image->name))
                    other->group = image->group;
        }
        return;
    }

    struct init_group *group = init_add_group(init, spares == 1 ? spare->prefix : init->repository);
    take_left(init, group);

    if (spares == 1) {
        add_pattern(init, group, spare, spare->before);
        return;
    }

    init_add_text(init, &group->tags, "v{version}");
    init_ask(init, NULL, 0, "which tags release group %s? v{version} is a guess", group->name);
}

/* Families that match no image. If there is just one, its name suggests a release of everything, and
 * there are several groups, it is a train over them; asks about others. */
static void take_unmatched(struct init *init)
{
    struct init_family *only = NULL;
    size_t unmatched = 0;
    bool plain = false, is_folder = false;

    each_family (family, init) {
        plain = plain || !*family->prefix;
        only = family->matched ? only : family;
        unmatched += !family->matched;
    }

    const char *name = only ? arc_path_name(only->prefix) : "";
    const char *inside = init_print(init, "/%s/", name);
    for (size_t i = 0; i < init->file_count; i++) /* a directory of that name may have such tags */
        is_folder |= strstr(init->files[i], inside) || ARC_STARTS(init->files[i], inside + 1);
    if (unmatched == 1 && !plain && init->groups && init->groups->next &&
        (init_is_among(name, "platform release releases stack suite all bundle train system "
                             "product distribution") ||
         strcmp(name, init->repository) == 0) &&
        !is_folder) {
        struct init_group *group = init_add_group(init, only->prefix);
        group->is_train = true;
        add_pattern(init, group, only, only->before);
        init_ask(init, NULL, 0,
                 "what do the %zu tags %s{version} release? No image has that name; as proposed, "
                 "group %s is a release of all groups together",
                 only->count, only->before, group->name);
        return;
    }

    ARC_AUTO_JSON json_t *names = init_made(init, json_array());
    each_family (family, init)
        if (!family->matched)
            init_push(init, names, json_sprintf("%s{version}", family->before));
    if (json_array_size(names))
        init_ask(init, NULL, 0, "what do tags like %s release? No group has them",
                 init_list_names(init, names));
}

/* ---- versions in files ---------------------------------------------------------------------- */

/* Files that may hold a version; the first WHOLE_FILES hold nothing else. */
static const char *const version_files[] = {
    "VERSION",      "VERSION.txt", "version.txt", ".version",      "metadata.yaml",  "metadata.yml",
    "config.yaml",  "config.yml",  "config.json", "metadata.json", "envconfig.json", "version.json",
    "version.yaml", "app.yaml",    "images.json", "images.yaml",   "docker-bake.hcl"};
#define WHOLE_FILES 4

static void set_place(struct init *init, struct init_image *image, const char *file,
                      char *const *at)
{
    image->version_file = arc_arena_text(&init->arena, file);
    init_add_texts(init, &image->version_at, at);
}

/* A list of items with a `version`: gives one to each image below the file's directory whose name
 * is a value of the item. Returns whether `image` has one. */
static bool place_named(struct init *init, const struct init_image *image, const char *file,
                        const struct arc_yaml_node *list)
{
    const char *directory = init_directory(init, file);

    init_each_image (one, init) {
        if (!one->name || !arc_path_below(directory, one->directory) ||
            !init_spend(init, arc_yaml_items(list)))
            continue;
        arc_yaml_each (item, list)
            arc_yaml_each_pair (pair, item)
                if (!one->version_file && arc_yaml_get(item, "version") &&
                    arc_text_same(pair->value->text, one->name))
                    set_place(init, one, file,
                              (char *const[]){init_print(init, "%s=%s", pair->key->text, one->name),
                                              "version", NULL});
    }

    return image->version_file != NULL;
}

/* A list of {image, version}: makes an image for each. */
static bool take_list(struct init *init, struct init_image *image, const char *file,
                      const struct arc_yaml_node *list)
{
    size_t found = 0;

    if (place_named(init, image, file, list))
        return true;
    init_each_image (other, init)
        if (arc_text_same(other->version_file, file))
            return false; /* they belong to another Dockerfile beside it */

    arc_yaml_each (item, list) {
        const char *key = arc_yaml_get(item, "image") ? "image" : "name";
        const char *name = arc_yaml_text_at(item, key);
        if (!*name || !arc_text_is_visible(name) || !arc_yaml_get(item, "version"))
            continue;
        struct init_image *one = found++ ? init_add_image(init, image) : image;
        if (!one)
            break;
        one->version_at = NULL;
        one->codename = init_codename(init, arc_path_name(name));
        (void)init_take_reference(init, name, one);
        set_place(init, one, file,
                  (char *const[]){init_print(init, "%s=%s", key, name), "version", NULL});
    }

    return found > 0;
}

/* The platforms in the version's file: "platforms", or an add-on's "arch", at the top or in its
 * first channel or, in a bake file, in a target. */
static void take_listed_platforms(struct init *init, struct init_image *image, const char *file,
                                  const struct arc_yaml_node *tree)
{
    static const char *const keys[] = {"platforms", "arch", "architectures"};
    const struct arc_yaml_node *channels = arc_yaml_get(tree, "channels"), *list = NULL;
    const struct arc_yaml_node *first = arc_yaml_items(channels) ? channels->items[0] : NULL;
    struct arc_assignments reader = {.at = tree ? NULL : init_read(init, file)};

    for (size_t i = 0; i < ARC_COUNT(keys) && !list; i++) {
        list = arc_yaml_get(tree, keys[i]);
        list = arc_or(list, arc_yaml_get(first, keys[i]));
    }

    arc_yaml_each (item, list)
        if (item->text)
            init_add_platform(init, image, file, item->line, item->text);

    while (reader.at && arc_assignments_next(&reader)) {
        const char *at = reader.value;
        bool named = reader.name_len == 9 && strncmp(reader.name, keys[0], 9) == 0;
        if (!named || *at != '[')
            continue;
        for (at += strcspn(at, "\"]"); *at == '"'; at += strcspn(at, "\"]")) {
            size_t len = strcspn(at + 1, "\"\n");
            init_add_platform(init, image, file, 0, init_cut(init, at + 1, len));
            at += len + 1 + (at[len + 1] == '"');
        }
    }
}

/* Finds the version of an image in a file of the directory. If the file lists several images, the
 * others are added. False if there is none. */
static bool find_version(struct init *init, struct init_image *image, const char *directory,
                         size_t count)
{
    static char *const by_key[] = {"version", NULL};
    static char *const by_variable[] = {"variable", "VERSION", "default", NULL};

    for (size_t i = 0; i < count; i++) {
        char *path = init_join(init, directory, version_files[i]);
        bool is_bake = arc_text_ends(path, ".hcl");
        char *const *keyed = is_bake ? by_variable : by_key;
        char *const *at = i < WHOLE_FILES ? NULL : keyed;
        struct arc_file_place place = {path, (char **)at, 0};
        ARC_AUTO(arc_yaml) struct arc_yaml tree = {0};
        ARC_AUTO_FREE char *value = NULL;
        if (!init_has_file(init, path))
            continue;
        if (at && !is_bake)
            (void)init_read_yaml(init, path, &tree);
        if (init_succeeds(init, arc_file_value_in(init->root, &place, &value, NULL))) {
            struct arc_release_version version;
            if (!is_version(value + (*value == 'v'), ARC_VERSIONING_LOOSE, &version)) {
                init_ask(init, path, 0, "what releases its image? '%.100s' is not a version",
                         value);
                return false;
            }
            set_place(init, image, path, at);
            image->version = arc_arena_text(&init->arena, value);
            if (!image->platforms && !image->variants && at)
                take_listed_platforms(init, image, path, tree.root);
            return true;
        }
        if (tree.root && take_list(init, image, path, tree.root))
            return true;
    }

    return false;
}

/* Whether the tags are those of versions in files: then the repository's tags match one, or the
 * versions are not all from one file in the root. */
static bool are_of_files(struct init *init)
{
    const struct init_image *first = init->images;

    init_each_image (image, init)
        arc_json_each (tag, init->git_tags)
            if (arc_text_or(image->version, NULL) &&
                arc_text_ends(json_string_value(tag), image->version))
                return false;
    while (first->group) /* skip those with versions from workflow commands */
        first = first->next;

    return !first->version_file || strchr(first->version_file, '/');
}

/* For versions in files, any push is a release: tags apply always. */
static void release_pushes(struct init *init, const struct init_image *image)
{
    arc_json_each_pair (tag, when, image->tags)
        if (strcmp(json_string_value(when), "schedule") != 0)
            init_set_text(init, image->tags, tag, "");
}

/* Makes a separate group of images whose versions are read from files by workflow commands. */
static void take_filed(struct init *init)
{
    const char *name = init->repository;
    struct init_group *group = NULL;

    init_each_image (image, init)
        if (!image->version_file)
            name = init_print(init, "%s-versions", init->repository);

    init_each_image (image, init)
        if (image->version_file) {
            if (!group)
                group = init_add_group(init, name);
            group->versioning = "loose";
            image->group = group;
            release_pushes(init, image);
        }
}

/* Versions come from files (`found`), or there is no tag yet. */
static void sort_by_files(struct init *init, bool found)
{
    struct init_group *group = init_add_group(init, init->repository);

    take_left(init, group);

    if (!found) {
        struct init_family *most = NULL;
        arc_json_each (tag, init->git_tags)
            add_to_family(init, json_string_value(tag), true);
        each_family (family, init)
            if (!most || family->count > most->count)
                most = family;
        if (most)
            add_pattern(init, group, most, most->before);
        else
            init_add_text(init, &group->tags, "v{version}");
        init_ask(init, NULL, 0,
                 "which tags release these images? None has a version%s: %s{version} is a guess",
                 most ? " of several numbers" : " yet", most ? most->before : "v");
        return;
    }

    group->versioning = "loose";
    init_each_image (image, init) {
        release_pushes(init, image);
        if (!image->version_file)
            init_ask(init, image->dockerfile, 0,
                     "which file has its version? The other images have one");
    }
}

/* Sorts the images by versions in files beside their Dockerfiles or, if no image has one there, in the
 * root. False, with nothing changed, if the repository's tags match an image or a version in the
 * files, or if most images have none. */
static bool use_files(struct init *init)
{
    size_t count = init->image_count, found = 0, seen = 0, left = 0;
    struct init_image *copies = arc_arena_array(&init->arena, count, sizeof *copies);
    struct init_image *copy = copies;

    each_family (family, init)
        init_each_image (image, init)
            if (*family->prefix && is_named(image, family->prefix))
                return false;
    if (!copies || (init->families && count < 2))
        return false;

    init_each_image (image, init)
        *copy++ = *image;
    init_each_image (image, init)
        if (seen++ < count && !image->group) {
            left++;
            found += image->version_file ||
                     find_version(init, image, image->directory, ARC_COUNT(version_files));
        }
    if (!found) /* one version for all */
        init_each_image (image, init)
            found += !image->group && find_version(init, image, ".", WHOLE_FILES);

    bool is_used = found * 2 > left && (!init->families || are_of_files(init));
    copy = copies;
    if (!is_used) /* forgets the images that it added, and what it learned about the others */
        init_each_image (image, init)
            *image = *copy++;
    init->image_count = is_used ? init->image_count : count;
    if (!is_used && init->families)
        return false;

    if (is_used && init->families)
        init_ask(init, NULL, 0,
                 "what do the tags %s{version} release? As proposed, versions in files do",
                 init->families->before);
    sort_by_files(init, is_used);

    return true;
}

/* If there is no tag yet, the tags that start workflows say what they will look like: one group for
 * each form. */
static void take_started(struct init *init)
{
    init_each_image (image, init) {
        if (!image->tag || image->group ||
            !init_allows(init, arc_check_tag, init_print(init, "%s{version}", image->tag)))
            continue;
        size_t len = arc_text_strip(image->tag, strlen(image->tag), "v/@-_");
        init_each_image (other, init)
            if (other->group && arc_text_same(other->tag, image->tag))
                image->group = other->group;
        if (image->group)
            continue;
        image->group =
            init_add_group(init, len ? init_cut(init, image->tag, len) : init->repository);
        init_add_text(init, &image->group->tags, init_print(init, "%s{version}", image->tag));
    }
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* The first file's group gets the tags without a prefix, or the only ones; other files' groups get
 * tags with their name. A group's targets may have tags of their own: "cart/v1.2.0". */
static void give_file_tags(struct init *init)
{
    each_family (family, init)
        if (!*family->prefix || !init->families->next)
            add_pattern(init, init->groups, family, family->before);

    init_each_group (group, init)
        for (char **name = group->codenames; name && *name; name++)
            each_family (family, init)
                if (!family->matched && strcmp(family->prefix, *name) == 0)
                    add_pattern(
                        init, group, family, /* of the one image of that name */
                        init_print(init, "{codename}%s", family->before + strlen(family->prefix)));

    init_each_group (group, init) {
        if (group->tags)
            continue;
        init_add_text(init, &group->tags,
                      group == init->groups ? "v{version}"
                                            : init_print(init, "%s/v{version}", group->name));
        init_ask(init, group->source, 0, "which tags release group %s? %s is a guess", group->name,
                 group->tags ? *group->tags : "");
    }

    take_unmatched(init);
}

/* Images not described by the bake or compose file: those that workflows publish become a group; asks
 * about the rest. */
static void take_published(struct init *init)
{
    const char *key = init->groups->key;
    struct init_group *group = NULL;

    init_each_image (image, init) {
        if (!image->pushed) {
            if (!json_is_false(json_object_get(init->dockerfile_names, image->dockerfile)))
                init_ask(init, image->dockerfile, 0, "no %s file names it: is it released?", key);
            continue;
        }
        if (!image->name &&
            json_is_false(json_object_get(init->dockerfile_names, image->dockerfile))) {
            init_ask(init, image->file, image->line, INIT_NAMELESS, image->dockerfile);
            continue;
        }
        group = arc_or(group, init_add_group(init, "images"));
        image->group = group;
    }

    if (!group)
        return;
    const char *pattern = init_print(init, "%s/v{version}", group->name);
    init_add_text(init, &group->tags, pattern);
    init_ask(init, NULL, 0,
             "which tags release group %s, whose images workflows publish? %s is a guess",
             group->name, pattern);
}

/* Gives the group the list of its images, the registries shared by most of them, and the one that its
 * workflows log in to. */
static void list_images(struct init *init, struct init_group *group)
{
    struct init_image **end = &group->images;
    const char *first = arc_or(group->host, "ghcr.io"), *login = NULL;
    size_t most = 0;

    init_each_image (image, init)
        if (image->group == group) {
            *end = image;
            end = &image->peer;
            group->count++;
        }
    *end = NULL;

    if (group->images)
        first = group->images->registries[0];
    group->host = init_cut(init, first, strcspn(first, "/"));

    init_each_peer (image, group) {
        char **const names[] = {image->registries, image->others};
        size_t same = 0;
        init_each_peer (other, group)
            same += init_same_texts(image->registries, other->registries);
        if (same > most) {
            most = same;
            group->registries = image->registries;
        }
        arc_each_in (list, names)
            for (char **at = *list; at && *at; at++) {
                char *host = init_cut(init, *at, strcspn(*at, "/"));
                login = strcmp(host, group->host) != 0 ? host : login;
            }
    }

    if (login)
        init_ask(init, NULL, 0,
                 "how do the workflows log in to %s? Group %s has images there, and they log in "
                 "to %s only",
                 login, group->name, group->host);
}

void init_make_groups(struct init *init)
{
    const char *usual = NULL;

    arc_json_each (tag, init->git_tags)
        add_to_family(init, json_string_value(tag), false);
    name_alike(init);
    init_each_image (image, init)
        tell_apart(init, image);

    bool described = init->groups;
    if (described) {
        give_file_tags(init);
        take_published(init);
    } else
        take_filed(init);
    leave_others(init);
    if (!described && !init->families)
        take_started(init);
    if (!described && !(are_left(init) && use_files(init))) {
        bool named = take_named(init, is_named), related = take_named(init, is_related);
        related |= take_named(init, is_started);
        take_plain(init);
        take_rest(init, named && !related);
        take_unmatched(init);
    }

    if (init->arena.failed)
        return;
    init_each_image (image, init)
        tell_apart(init, image); /* versions in files may have added images */

    init_each_image (image, init)
        if (image->group && !image->registries) {
            usual = arc_or(usual, find_registry(init));
            init_each_image (other, init)
                if (!image->registries && other->registries &&
                    strcmp(other->registries[0], usual) == 0)
                    image->registries = other->registries; /* use all their registries */
            if (!image->registries)
                init_add_text(init, &image->registries, usual);
        }

    init_each_image (image, init)
        if (image->elsewhere && image->group && !(usual && !json_object_size(init->registries)))
            init_ask(init, image->file, image->line,
                     "in which registries are its images? One is known only at run time, and left "
                     "out");

    if (init->arena.failed)
        return;
    init_each_group (group, init)
        list_images(init, group);
}
