/* What a workflow's steps say about images: a table with one row per action. */
#include "config/build.h"
#include "init/sources.h"
#include <ctype.h>
#include <limits.h>
#include <unistd.h>

/* Separates a reference from its condition in the outputs of metadata-action. */
#define WHEN '\x02'

/* A question and a finding about a step. */
#define ask(step, ...)  init_ask((step)->init, (step)->file, (step)->line, __VA_ARGS__)
#define note(step, ...) init_note((step)->init, (step)->file, (step)->line, __VA_ARGS__)

/* Whether an input's name is a spelling of one of these names: "dockerfile-path" of "dockerfile",
 * "docker_image_name" and "IMAGE_NAME" of "image", "buildArgs" of "args". */
static bool is_input(const char *name, const char *names)
{
    char plain[64];
    size_t len = 0, from = 0;

    for (const char *c = name; *c && len + 2 < sizeof plain; c++) {
        if (c > name && isupper((unsigned char)*c) && islower((unsigned char)c[-1]))
            plain[len++] = '-';
        plain[len++] = *c == '_' ? '-' : *c;
    }

    for (size_t at = 0; at < len; at++)
        if (plain[at] == '-' &&
            arc_text_lists("docker build buildx container", plain + from, at - from))
            from = at + 1;
    while (len > from + 5 && arc_text_lists("-path -name", plain + len - 5, 5))
        len -= 5;

    return arc_text_lists(names, plain + from, len - from);
}

/* The first input with one of these names; "" if there is none. */
static const char *input(const struct init_step *step, const char *names)
{
    arc_json_each_pair (name, value, step->with) {
        const char *text = json_string_value(value);
        if (text && is_input(name, names)) /* without the line break that ends "file: |" */
            return init_cut(step->init, text, arc_text_strip(text, strlen(text), " \t\r\n"));
    }

    return "";
}

char *init_next_item(struct init *init, const char **text, const char *ends)
{
    for (;;) {
        *text += strspn(*text, " \t\r\n,");
        if (!**text)
            return NULL;
        size_t len = strcspn(*text, ends);
        const char *start = *text;
        *text += len;
        if (*start != '#')
            return init_cut(init, start, arc_text_strip(start, len, " \t\r"));
    }
}

void init_set_output(const struct init_step *step, const char *name, const char *value)
{
    json_t *steps = json_object_get(step->scope, "steps");
    if (!step->id || !steps)
        return;
    if (!json_object_get(steps, step->id))
        init_set(step->init, steps, step->id, json_pack("{s:{}}", "outputs"));
    init_set_text(step->init, json_object_get(json_object_get(steps, step->id), "outputs"), name,
                  value);
}

/* ---- names: metadata-action ----------------------------------------------------------------- */

/* Whether only pull requests start the workflow: then nothing it publishes is a release. */
static bool is_test_step(const struct init_step *step)
{
    return arc_text_same(step->event, "pull_request");
}

/* The value of `key` in "type=semver,pattern={{version}}"; NULL if it is missing. */
static char *attribute(struct init *init, const char *item, const char *key)
{
    size_t len = strlen(key);
    arc_each_piece (field, item, ",")
        if (strncmp(field.text, key, len) == 0 && field.text[len] == '=')
            return init_cut(init, field.text + len + 1, field.len - len - 1);
    return NULL;
}

bool init_convert_date(const char *form, size_t len, struct arc_buf *out)
{
    static const char *const parts[][2] = {
        {"YYYYMMDD", "{date}"}, {"YYYY", "{year}"},   {"MM", "{month}"},
        {"DD", "{day}"},        {"HHmmss", "{time}"}, {"%F", "{year}-{month}-{day}"},
        {"%Y%m%d", "{date}"},   {"%Y", "{year}"},     {"%m", "{month}"},
        {"%d", "{day}"},        {"%H%M%S", "{time}"},
    };

    for (const char *end = form + len; form < end;) {
        const char *rest = NULL;
        for (size_t i = 0; i < ARC_COUNT(parts) && !rest; i++)
            if ((rest = arc_text_after(form, parts[i][0])))
                arc_buf_puts(out, parts[i][1]);
        if (!rest && (arc_is_alnum(*form) || strchr("[]%", *form)))
            return false;
        if (!rest)
            arc_buf_putc(out, *form);
        form = arc_or(rest, form + 1);
    }

    return len > 0;
}

/* Converts "{{major}}.{{minor}}" to "{major}.{minor}"; unknown words become INIT_UNKNOWN. */
static char *convert_pattern(struct init *init, const char *pattern)
{
    static const char *const words[][2] = {
        {"version", "{version}"}, {"major", "{major}"},   {"minor", "{minor}"},
        {"patch", "{patch}"},     {"raw", "{image-tag}"}, {"tag", "{image-tag}"},
        {"branch", "{branch}"},   {"sha", "{sha7}"},      {"meta.version", "{version}"},
    };
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 4096};

    while (*pattern) {
        const char *end = ARC_STARTS(pattern, "{{") ? strstr(pattern, "}}") : NULL;
        if (!end) {
            arc_buf_putc(&out, *pattern++);
            continue;
        }
        const char *start = pattern + 2;
        size_t len = (size_t)(end - start);
        arc_text_trim(&start, &len);
        const char *word = init_cut(init, start, len), *found = init_look_up(words, word);
        const char *form = arc_text_after(word, "date '");
        size_t ends = form ? strcspn(form, "'") : 0;
        bool is_date = form && strcmp(form + ends, "'") == 0;
        if (found || !is_date || !init_convert_date(form, ends, &out))
            arc_buf_puts(&out, arc_or(found, INIT_UNKNOWN_TEXT));
        pattern = end + 2;
    }

    return init_hold(init, &out);
}

/* The part of a release's tag that a regular expression takes, by its numbers: "v(\\d+\\.\\d+)"
 * takes the version's first two. `group` 0 is the whole match. */
static char *convert_match(struct init *init, const char *pattern, const char *group)
{
    const char *open = strchr(pattern, '('), *start = pattern + (*pattern == '^'), *at;
    bool is_part = open && group && strcmp(group, "0") != 0;
    size_t numbers = 0, len = 0;

    if (is_part) { /* up to its own parenthesis */
        for (int depth = 1; open[1 + len] && depth; len++)
            depth += (open[1 + len] == '(') - (open[1 + len] == ')');
        start = init_cut(init, open + 1, len);
    }
    start += *start == '(';
    for (at = start; (at = strstr(at, "\\d")); at += 2)
        numbers++;
    bool is_whole = !numbers || numbers > 2 || ARC_HOLDS(start, ".*", ".+");
    const char *kept = numbers == 1 ? "{major}" : "{major}.{minor}";
    if (is_whole)
        kept = "{version}";

    return init_print(init, "%s%s", *start == 'v' ? "v" : "", kept);
}

/* The tag that a line of `tags` makes; NULL if placeholders cannot express it. */
static const char *convert_type(struct init *init, const char *type, const char *item)
{
    static const char *const patterns[][2] = {
        {"semver", "{{version}}"}, {"pep440", "{{version}}"}, {"schedule", "nightly"}};
    const char *pattern = attribute(init, item, "pattern"), *value = attribute(init, item, "value"),
               *event = attribute(init, item, "event"), *format = attribute(init, item, "format");

    const char *usual = init_look_up(patterns, type);
    if (usual)
        return convert_pattern(init, arc_or(pattern, usual));

    if (strcmp(type, "match") == 0 && pattern)
        return convert_match(init, pattern, attribute(init, item, "group"));
    if (strcmp(type, "raw") == 0)
        return convert_pattern(init, arc_or(value, item));
    if (strcmp(type, "sha") == 0)
        return format && strcmp(format, "long") == 0 ? "{revision}" : "{sha7}";
    if (strcmp(type, "edge") == 0)
        return "edge";
    if (strcmp(type, "ref") != 0 || !event)
        return NULL;
    if (strcmp(event, "pr") == 0)
        return "{pr}";

    return strcmp(event, "tag") == 0 ? "{image-tag}" : "{branch}";
}

/* metadata-action's `flavor`: what it adds to every tag. */
struct flavor {
    const char *prefix, *suffix, *latest;
    bool on_latest; /* around "latest", too */
};

static struct flavor read_flavor(struct init *init, const char *lines)
{
    struct flavor flavor = {"", "", "auto", false};

    for (char *item; (item = init_next_item(init, &lines, "\n"));) {
        const char *prefix = attribute(init, item, "prefix"),
                   *suffix = attribute(init, item, "suffix");
        if (prefix && arc_text_is_visible(prefix))
            flavor.prefix = prefix;
        if (suffix && arc_text_is_visible(suffix))
            flavor.suffix = suffix;
        flavor.latest = arc_or(attribute(init, item, "latest"), flavor.latest);
        flavor.on_latest |= arc_text_same(attribute(init, item, "onlatest"), "true");
    }

    return flavor;
}

/* Converts one line of `tags` to the tag and its condition ("" for always); NULL if it cannot be
 * expressed. */
static char *convert_tag(struct init *init, const char *item, const struct flavor *flavor,
                         const char **when)
{
    const char *type = attribute(init, item, "type"), *enable = attribute(init, item, "enable"),
               *branch = attribute(init, item, "branch"), *prefix = attribute(init, item, "prefix"),
               *suffix = arc_or(attribute(init, item, "suffix"), flavor->suffix);

    if (!type)
        type = strchr(item, '=') ? "" : "raw";
    *when = "";

    bool of_release = init_is_among(type, "semver pep440");
    if (enable && strcmp(enable, "{{is_default_branch}}") == 0)
        *when = init_print(init, "branch:%s", init->branch);
    else if (enable && (ARC_STARTS(enable, "branch:") || strcmp(enable, "schedule") == 0))
        *when = enable;
    else if (enable && !init_is_among(enable, "true \"\" {latest}") &&
             !(of_release && !arc_text_is_visible(enable)))
        return NULL;
    if (strcmp(type, "edge") == 0)
        *when = init_print(init, "branch:%s", arc_or(branch, init->branch));
    if (strcmp(type, "schedule") == 0)
        *when = "schedule";

    const char *name = convert_type(init, type, item);
    if (!name)
        return NULL;

    if (!prefix && strcmp(name, "{pr}") == 0)
        prefix = "pr-";
    if (!prefix)
        prefix = strcmp(type, "sha") == 0 ? "sha-" : flavor->prefix;
    char *whole = init_print(init, "%s%s%s", convert_pattern(init, prefix), name,
                             convert_pattern(init, suffix));

    return arc_text_is_visible(whole) ? whole : NULL;
}

/* Whether an image tag is that of a run that a branch or a pull request started. */
static bool is_of_branch(const char *tag, const char *when)
{
    return ARC_HOLDS(tag, "{branch}", "{pr}") || ARC_STARTS(when, "branch:");
}

/* Removes those tags where only git tags start the run, or let it push. */
static void leave_branches(const struct init_step *step, struct init_image *image)
{
    json_t *tags = image->tags;

    if (!step->is_of_tags)
        return;
    image->tags = NULL;
    arc_json_each_pair (tag, when, tags)
        if (!is_of_branch(tag, json_string_value(when)))
            init_add_tag(step->init, &image->tags, tag, json_string_value(when));
}

static size_t count_lines(const char *text)
{
    size_t count = *text != '\0';
    while ((text = strchr(text, '\n')))
        count += *text++ == '\n';
    return count;
}

/* "ghcr.io/acme/cart", by which tags of an image are kept; "" without a registry. */
static const char *key_of(struct init *init, const struct init_image *image)
{
    return image->registries ? init_join(init, image->registries[0], image->name) : "";
}

void init_remember_tag(const struct init_step *step, const struct init_image *image,
                       const char *tag)
{
    struct init *init = step->init;
    const char *key = key_of(init, image), *before = arc_json_text_of(init->joined, key);
    const char *when = init_says_version(tag) ? "" : step->when;
    const char *line = init_print(init, "%s%c%s\n", tag, WHEN, when);

    bool is_release =
        ARC_HOLDS(tag, "{version}", "{image-tag}", "{major}") || strcmp(tag, "latest") == 0;
    if (is_release && !strstr(before, line) && init_spend(init, strlen(before)))
        init_set_text(init, init->joined, key, init_print(init, "%s%s", before, line));
}

/* A name such as "ghcr.io/acme/UNKNOWN" stands for whichever image is built: its registry and tags
 * are for all images that nothing else names. */
static void take_usual_names(const struct init_step *step, const char *image, const char *listed)
{
    struct init *init = step->init;
    char *registry = init_cut(init, image, (size_t)(arc_path_name(image) - image));
    struct init_image usual = {0};

    if (!arc_text_is_visible(registry) ||
        !init_take_reference(init, init_print(init, "%sx", registry), &usual) || !usual.registries)
        return;
    init_count_registry(init, usual.registries[0]);
    if (!*input(step, "tags") || strcmp(registry, usual.registries[0]) <= 0)
        return;
    for (char *tag; (tag = init_next_item(init, &listed, "\n"));) {
        char *split = strchr(tag, WHEN); /* NULL if memory ran out */
        if (split)
            *split++ = '\0';
        init_add_tag(init, &init->usual_tags, tag, arc_or(split, ""));
    }
}

/* The tags of metadata-action, one per line, each with its condition. */
static char *list_tags(const struct init_step *step)
{
    struct init *init = step->init;
    ARC_AUTO(arc_buf) struct arc_buf tags = {0};
    const char *lines = input(step, "tags"), *when;
    struct flavor flavor = read_flavor(init, input(step, "flavor"));
    ARC_AUTO_JSON json_t *asked = init_made(init, json_array());
    bool latest = false;

    if (!*lines)
        lines = "type=schedule\ntype=ref,event=branch\ntype=ref,event=tag\ntype=ref,event=pr";
    for (char *item; (item = init_next_item(init, &lines, "\n"));) {
        char *name = convert_tag(init, item, &flavor, &when);
        bool is_off = !name && arc_text_same(attribute(init, item, "enable"), "false");
        if (is_off || (name && step->is_of_tags && is_of_branch(name, when)))
            continue; /* no run of the workflow has it */
        if (name) {
            latest |= ARC_HOLDS(item, "type=semver", "type=pep440", "type=match", "event=tag");
            arc_text_item(&tags, "\n", "%s%c%s", name, WHEN, when);
        } else if (strcmp(item, INIT_UNKNOWN_TEXT) == 0)
            ask(step, "which tags do its images get? They are known only at run time");
        else
            init_push(init, asked, json_sprintf("'%s'", item));
    }

    if (json_array_size(asked) && !is_test_step(step))
        ask(step, "which builds get the tag%s %s?", arc_plural(json_array_size(asked)),
            init_list_names(init, asked));
    latest = latest && !init_is_among(flavor.latest, "false");
    if (!flavor.on_latest)
        flavor.prefix = flavor.suffix = "";
    if (latest || init_is_among(flavor.latest, "true"))
        arc_text_item(&tags, "\n", "%slatest%s%c", flavor.prefix, flavor.suffix, WHEN);

    return init_hold(init, &tags);
}

/* Sets the output `tags` of the step: one reference per line. */
static void take_names(const struct init_step *step)
{
    struct init *init = step->init;
    ARC_AUTO(arc_buf) struct arc_buf out = {0};
    const char *listed = list_tags(step), *images = input(step, "images");
    const char *target = input(step, "bake-target"), *before_it = init->baked.target;
    const struct init_step kept = {.init = init, .id = "named", .scope = step->scope};
    bool is_listed = *input(step, "tags");

    for (char *image; (image = init_next_item(init, &images, "\n"));) {
        char *name = arc_or(attribute(init, image, "name"), image);
        const char *rest = arc_text_or(listed, INIT_UNKNOWN_TEXT); /* its name is known */
        struct init_image named = {0};
        if (!arc_text_is_visible(arc_path_name(name))) /* whichever image is built */
            take_usual_names(step, name, listed);
        else if (init_take_reference(init, name, &named) && named.registries) {
            const char *key = key_of(init, &named), *before = arc_json_text_of(init->named, key);
            init_count_registry(init, named.registries[0]);
            if (is_listed) /* for builds pushed by digest: their own job or a later one joins them */
                init_set_output(&kept, key, listed);
            if (is_listed && count_lines(before) < count_lines(listed))
                init_set_text(init, init->named, key, listed);
        }
        for (char *tag; (tag = init_next_item(init, &rest, "\n"));)
            arc_buf_printf(&out, "%s:%s\n", name, tag);
    }

    if (*target) { /* another one has tags of its own */
        init->baked_differ |= before_it && strcmp(before_it, target) != 0;
        init->baked.target = arc_arena_text(&init->arena, target);
    }

    const char *names = init_hold(init, &out);
    init_set_output(step, "tags", names);
    init_set_output(step, "bake-file", names); /* take_bake() reads it */
    init_set_output(step, "bake-file-tags", names);
    init_set_output(step, "version", "{version}");
    init_set_output(step, "labels", input(step, "labels")); /* besides the usual ones */
    init_set_output(step, "annotations", input(step, "annotations"));
}

/* ---- images: build-push-action -------------------------------------------------------------- */

bool init_match(struct init *init, const char *pattern, const char *path, bool deep, char **bound)
{
    size_t len = strlen(path), before = strcspn(pattern, INIT_UNKNOWN_TEXT);
    const char *rest = pattern + before + 1;

    if (!pattern[before])
        return strcmp(pattern, path) == 0;
    size_t after = strlen(rest);
    if (strchr(rest, INIT_UNKNOWN) || len <= before + after ||
        strncmp(pattern, path, before) != 0 || strcmp(path + len - after, rest) != 0)
        return false;
    size_t part = len - before - after;
    if ((before || !deep) && memchr(path + before, '/', part))
        return false;
    if (bound)
        *bound = init_cut(init, path + before, part);

    return true;
}

/* The text with INIT_UNKNOWN replaced by `bound`. */
static char *fill(struct init *init, const char *text, const char *bound)
{
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 1 << 20};
    for (; *text; text++)
        if (*text == INIT_UNKNOWN && bound && !strchr(bound, '/'))
            arc_buf_puts(&out, bound);
        else
            arc_buf_putc(&out, *text);
    return init_hold(init, &out);
}

/* Fills in `bound` for one part of a reference: its name or, if that is known, any unknown part. */
static char *fill_reference(struct init *init, const char *reference, const char *bound)
{
    const char *name = arc_path_name(reference);
    size_t len = strcspn(name, ":");

    const char *first = memchr(name, INIT_UNKNOWN, len);
    size_t host =
        *reference == INIT_UNKNOWN ? (size_t)(name - reference) : 0; /* no folder's name */
    if (!first)
        return init_print(init, "%.*s%s", (int)host, reference,
                          fill(init, reference + host, bound));
    if (memchr(first + 1, INIT_UNKNOWN, len - (size_t)(first + 1 - name)))
        bound = NULL; /* two unknown parts: which one it is cannot be said */

    return init_print(init, "%.*s%s%s", (int)(name - reference), reference,
                      fill(init, init_cut(init, name, len), bound), name + len);
}

bool init_says_version(const char *name)
{
    return ARC_HOLDS(name, "{version}", "{image-tag}", INIT_FILE_VERSION);
}

/* The text with {version} instead of the placeholder of a file's version, which becomes the image's
 * version. NULL if the image has the version of another file. */
static char *take_version(struct init *init, struct init_image *image, char *text)
{
    for (char *at; (at = strstr(text, INIT_FILE_VERSION));) {
        const char *number = at + strlen(INIT_FILE_VERSION), *end = strchr(number, '}');
        if (!end)
            return NULL;
        const json_t *place =
            json_object_get(init->places, init_cut(init, number, (size_t)(end - number)));
        const char *file = arc_json_text_of(place, "file");
        if (!*file || (image->version_file && strcmp(image->version_file, file) != 0))
            return NULL;
        if (!image->version_file)
            arc_json_each (key, json_object_get(place, "at"))
                init_add_text(init, &image->version_at, json_string_value(key));
        image->version_file = arc_arena_text(&init->arena, file);
        text = init_print(init, "%.*s{version}%s", (int)(at - text), text, end + 1);
    }
    return text;
}

/* Takes "ghcr.io/acme/cart:{version}" and its condition. Without one it is `usual`, or always if
 * the tag contains a version. */
static void take_name(struct init *init, struct init_image *image, char *reference,
                      const char *usual)
{
    char *split = strchr(reference, WHEN), *slash = strrchr(reference, '/');
    const char *when = split ? split + 1 : "";
    struct init_image named = {0};

    if (split)
        *split = '\0';
    char *last = arc_or(slash, reference), *tag = strchr(last, ':');
    if (tag)
        *tag++ = '\0';

    bool is_known = arc_text_is_visible(last);
    if (!tag && !is_known)
        return; /* only a run knows the whole tag */
    if (tag && !(tag = take_version(init, image, tag)))
        return;
    if (!split && !(tag && init_says_version(tag)))
        when = usual;
    init_add_tag(init, &image->tags, arc_or(tag, "latest"), when);
    const char *part = tag && !*when ? strchr(tag, INIT_UNKNOWN) : NULL;
    if (part && part > tag && !part[1] && !image->likely && !ARC_HOLDS(tag, "sha", "{"))
        image->likely = init_print(init, "%.*s{version}", (int)(part - tag), tag);

    if (!is_known)
        return;
    bool is_elsewhere = !arc_text_is_visible(reference);
    size_t host = strcspn(reference, "/" INIT_UNKNOWN_TEXT);
    image->elsewhere = image->elsewhere || is_elsewhere;
    if (is_elsewhere && init->owner && reference[host] == '/' && memchr(reference, '.', host))
        init_guess_registry(
            init, init_print(init, "%.*s/%s", (int)host, reference, init_lower(init, init->owner)),
            "only a run knows what follows the host");
    if (!init_take_reference(init, is_elsewhere ? slash + 1 : reference, &named))
        return;
    bool is_other = image->name && strcmp(image->name, named.name) != 0;
    image->name = arc_or(image->name, named.name);

    for (char **registry = named.registries; registry && *registry; registry++) {
        if (init_is_local(init_print(init, "%s/", *registry)))
            continue;
        if (is_other)
            init_add_text(init, &image->others, init_join(init, *registry, named.name));
        else
            init_add_text(init, &image->registries, *registry);
    }
}

static void take_arguments(const struct init_step *step, struct init_image *image)
{
    struct init *init = step->init;
    const char *lines = input(step, "args buildargs");
    ARC_AUTO_JSON json_t *asked = init_made(init, json_array());

    for (char *name; (name = init_next_item(init, &lines, "\n"));) {
        size_t len = strlen(name);
        if (*name == '"' && len > 1 && name[len - 1] == '"') { /* docker's actions read CSV */
            name[len - 1] = '\0';
            name++;
        }
        char *equals = strchr(name, '=');
        if (equals)
            *equals = '\0';
        char *value = equals ? take_version(init, image, equals + 1) : NULL;
        bool known = value && arc_text_is_visible(value) && /* what is built each day anew */
                     !ARC_HOLDS(value, "{date}", "{day}", "{time}");
        if (known && init_is_local(value) && init_chooses_base(init, image->dockerfile, name))
            known = false; /* a base that exists only in a registry of the run */
        const char *given = init_release_value(name, false);
        if (init_is_among(name, INIT_GIVEN_ARGUMENTS))
            continue; /* set by BuildKit per platform */
        if (known && image->part && strstr(value, image->part)) {
            init_ask(init, step->file, 0,
                     "which value has the build argument %s? Each architecture has its own; one "
                     "Dockerfile has to choose by TARGETARCH",
                     name);
            continue;
        }
        if (known && !given && init_says_version(value))
            known = !init_chooses_base(init, image->dockerfile, name); /* NODE_VERSION */
        bool is_other = known && init_is_among(value, "{revision} {sha7} {branch}");
        if (given && (!known || step->service || is_other))
            init_add_pair(init, &image->args, name, json_string(init_as_written(given, value)));
        else if (known)
            init_add_pair(init, &image->args, name, json_string(value));
        else if (!init_takes_dotenv(init, image, name)) {
            const char *key = init_print(init, "%s\n%s=", step->file, name);
            if (!json_object_get(init->said, key)) /* asked for another build in the file already */
                init_push(init, asked, json_string(name));
            init_set(init, init->said, key, json_true());
        }
    }

    if (json_array_size(asked))
        ask(step, "which values do the build arguments have: %s?", init_list_names(init, asked));
}

/* Where an architecture ends a name, "1.0-arm64": its separator; NULL if none does. */
static const char *find_architecture(const char *name)
{
    const char *start = NULL;
    (void)init_find_platform(name, &start);
    return start && start > name + 1 && strchr("-_", start[-1]) ? start - 1 : NULL;
}

/* Tags that end with an architecture, "1.0-arm64", are those of one part of an index that a later
 * step makes: takes the tags without it and, if no input names it, the platform. */
static void join_architectures(const struct init_step *step, struct init_image *image)
{
    struct init *init = step->init;
    json_t *tags = image->tags;
    bool is_told = *input(step, "platforms platform");
    const char *end, *start;

    arc_json_each_pair (tag, when, tags)
        if (!find_architecture(tag))
            return;

    image->tags = NULL;
    arc_json_each_pair (tag, when, tags) {
        end = find_architecture(tag);
        image->part = arc_arena_text(&init->arena, end + 1);
        if (!is_told)
            init_add_platform(init, image, step->file, step->line, init_find_platform(tag, &start));
        init_add_tag(init, &image->tags, init_cut(init, tag, (size_t)(end - tag)),
                     json_string_value(when));
    }
}

/* Whether an argument that is the version in a release may have this value in some run. */
static bool may_be_version(const char *value)
{
    return !*value || strchr(value, '{') || init_is_among(value, INIT_MOVING_TAGS);
}

/* Whether a build has the arguments of another one, apart from a version that it lacks or spells in
 * another way. */
static bool has_arguments_of(const struct init_image *one, const struct init_image *other)
{
    arc_json_each_pair (name, value, other->args) {
        const json_t *also = json_object_get(one->args, name);
        const char *a = json_string_value(value), *b = also ? json_string_value(also) : "";
        bool versions = a && b && (init_says_version(a) || init_says_version(b)) &&
                        may_be_version(a) && may_be_version(b);
        if (!json_equal(value, also) && !versions)
            return false;
    }

    return true;
}

/* Whether another step, cell or service already described the image: the same build, whatever its
 * platform or tag. A service without a name is always the Dockerfile's image. */
static bool is_same(const struct init_step *step, const struct init_image *other,
                    const struct init_image *image)
{
    bool named = !other->name || !image->name || strcmp(other->name, image->name) == 0;
    bool target = arc_text_same(other->target, image->target);

    if (step->service)
        return !image->name ||
               (target && named &&
                (other->args == image->args || json_equal(other->args, image->args)));

    return other->from == FROM_WORKFLOW && named && target &&
           strcmp(other->context, image->context) == 0 && has_arguments_of(other, image) &&
           has_arguments_of(image, other);
}

/* Whether tags or arguments have a version that comes from the release's tag. */
static bool says_version(const struct init_image *image)
{
    if (image->version_file)
        return false;
    arc_json_each_pair (tag, when, image->tags)
        if (init_says_version(tag))
            return true;
    arc_json_each_pair (name, value, image->args)
        if (init_says_version(arc_or(json_string_value(value), "")))
            return true;

    return false;
}

/* Asks about a tag that another workflow gives to the image under another condition. */
static void ask_moves(const struct init_step *step, const struct init_image *image, const char *tag,
                      const char *when)
{
    const json_t *known = json_object_get(image->tags, tag);
    const char *before = arc_or(json_string_value(known), "");

    if (known && !*before != !*when)
        init_ask(step->init, step->file, 0,
                 "what moves image tags such as latest? Releases and other runs (%s) do today; as "
                 "proposed, releases alone",
                 *before ? before : when);
}

/* Adds arguments; one with a version takes the place of another that may be one, with `replaces`
 * even of a release's. */
static void join_arguments(struct init *init, struct init_image *image,
                           const struct init_image *more, bool replaces)
{
    arc_json_each_pair (argument, value, more->args) {
        const char *before = arc_json_text_of(image->args, argument);
        const char *after = json_string_value(value);
        bool is_other = may_be_version(before) && (replaces || !init_says_version(before));
        if (*before && !(is_other && after && init_says_version(after)))
            continue;
        image->args = arc_or(image->args, init_keep(init, json_object()));
        init_set(init, image->args, argument, json_incref(value));
    }
}

/* Adds what the step says to an image that is already described by a file of this kind or a more
 * authoritative one. A step that pushes decides how it is released. False if there is no such
 * image. */
static bool join(const struct init_step *step, const struct init_image *more)
{
    struct init *init = step->init;
    struct init_image *image = init->images;

    while (image && (strcmp(image->dockerfile, more->dockerfile) != 0 ||
                     (!image->settled && !is_same(step, image, more))))
        image = image->next;
    if (!image)
        return false;

    if (step->service) {
        image->name = arc_or(image->name, more->name);
        image->registries = arc_or(image->registries, more->registries);
        return true;
    }

    init_add_texts(init, &image->checked, more->checked);
    if (image->pushed && !more->pushed)
        return true;

    if (more->pushed && !image->pushed) {
        image->platforms = NULL;
        image->tags = NULL;
        image->provenance = image->sbom = NULL;
        if (more->registries) /* those of a test build are not the release's */
            image->registries = image->others = NULL;
    }

    image->elsewhere = more->elsewhere || (image->elsewhere && image->pushed);
    bool replaces = (image->version_file && says_version(more)) || /* not a test's v{version} */
                    (more->pushed && !image->pushed);
    join_arguments(init, image, more, replaces);

    image->pushed = more->pushed;
    image->by_digest = image->by_digest && more->by_digest;
    image->part = arc_or(image->part, more->part);
    image->provenance = arc_or(image->provenance, more->provenance);
    image->sbom = arc_or(image->sbom, more->sbom);
    image->tag = arc_or(image->tag, more->tag);
    bool is_tagged = says_version(image) || says_version(more); /* a file's is another run's */
    image->version_at = is_tagged ? NULL : arc_or(image->version_at, more->version_at);
    image->version_file = is_tagged ? NULL : arc_or(image->version_file, more->version_file);
    image->name = arc_or(image->name, more->name);
    image->codename = image->name ? init_codename(init, image->name) : image->codename;
    init_add_texts(init, &image->platforms, more->platforms);
    init_add_texts(init, &image->registries, more->registries);
    init_add_texts(init, &image->others, more->others);
    arc_json_each_pair (tag, when, more->tags) {
        ask_moves(step, image, tag, json_string_value(when));
        init_add_tag(init, &image->tags, tag, json_string_value(when));
    }

    return true;
}

/* Gives an image that is pushed without tags those that a step listed for it, and any image those
 * of the indexes that commands make of it. `named`: "registry/name" → tags. */
static void take_remembered(struct init *init, struct init_image *image, const json_t *named)
{
    bool is_tagged = image->tags && !image->by_digest;
    if (!image->pushed || !image->name || (is_tagged && named != init->joined))
        return;
    const char *key = key_of(init, image), *tags = arc_json_text_of(named, key);

    if (*tags && !is_tagged) {
        image->tags = NULL;
        image->by_digest = false;
    }
    for (char *tag; (tag = init_next_item(init, &tags, "\n"));)
        take_name(init, image, init_print(init, "%s:%s", key, tag), "");
}

/* The references among the inputs of a called workflow, when only a run knows which of them its
 * commands take as tags; INIT_UNKNOWN_TEXT if there are none. */
static const char *list_given_names(const struct init_step *step)
{
    ARC_AUTO(arc_buf) struct arc_buf names = {.max = 1 << 20};

    arc_json_each_pair (name, value, json_object_get(step->scope, "inputs")) {
        const char *text = json_string_value(value), *slash = text ? strchr(text, '/') : NULL;
        if (slash && strchr(slash, ':') && !strchr(text, ' '))
            arc_text_item(&names, "\n", "%s", text);
    }

    return arc_text_or(init_hold(step->init, &names), INIT_UNKNOWN_TEXT);
}

/* Names the image by `tags` or, if there are none, by the name of an output. */
static void take_image_names(const struct init_step *step, struct init_image *image,
                             const char *bound)
{
    struct init *init = step->init;
    const char *tags = input(step, "tags"), *output = strstr(input(step, "outputs"), "name=");

    if (strcmp(tags, INIT_UNKNOWN_TEXT) == 0)
        tags = list_given_names(step);
    bool is_local = *tags; /* all tags are in a registry on the runner */
    for (char *reference; (reference = init_next_item(init, &tags, ",\n"));) {
        is_local = is_local && init_is_local(reference);
        take_name(init, image, fill_reference(init, reference, bound), step->when);
    }
    leave_branches(step, image);
    image->pushed = image->pushed && !is_local && !is_test_step(step);

    if (output && !image->name) {
        char *name = init_cut(init, output + 5, strcspn(output + 5, ",\""));
        take_name(init, image, fill_reference(init, name, bound), "");
    }

    const json_t *steps = json_object_get(step->scope, "steps");
    image->by_digest = strstr(input(step, "outputs"), "push-by-digest=true");
    if (!*input(step, "tags"))
        image->tags = NULL; /* the name of its output is not a release's */
    take_remembered(init, image, json_object_get(json_object_get(steps, "named"), "outputs"));

    if (step->service)
        return;

    if (image->name && *init_codename(init, image->name))
        image->codename = init_codename(init, image->name);
    else if (image->pushed && *input(step, "tags"))
        init_ask(init, image->dockerfile, 0,
                 "what is its image called? Its tags are known only at run time");
    bool is_named = json_object_size(image->tags) || image->likely || image->version_file;
    if (step->runner && !step->tag && image->pushed && image->name && *input(step, "tags") &&
        !is_named) /* a workflow that tags start has their version, whatever computes it */
        ask(step, "which tags does the image %s get? They are known only at run time", image->name);
}

/* Whether all lines are labels that arc-ci sets anyway. */
static bool has_usual_labels(const struct init_step *step, const char *lines)
{
    static const char prefix[] = "org.opencontainers.image.";

    for (char *line; (line = init_next_item(step->init, &lines, "\n"));) {
        const char *name = arc_text_after(line, prefix);
        if (!name ||
            !arc_text_lists("created revision source title url version", name, strcspn(name, "= ")))
            return false;
    }

    return true;
}

/* Asks about what a published build has besides and no proposal can say: a secret's value, for one,
 * comes from the workflow. And about builds that a release may not have. */
static void ask_besides(const struct init_step *step, const struct init_image *image)
{
    static const char *const names[] = {"secrets", "secret-envs", "secret-files", "ssh",
                                        "network", "add-hosts",   "shm-size",     "ulimit",
                                        "labels",  "annotations"};
    static const char *const attestations[] = {"provenance", "sbom"};
    struct init *init = step->init;
    ARC_AUTO_JSON json_t *given = init_made(init, json_array());
    bool is_nightly = false;

    arc_json_each_pair (tag, when, image->tags)
        is_nightly |= strcmp(json_string_value(when), "schedule") == 0;
    if (is_nightly && !init->cron && arc_text_or(step->cron, NULL))
        init->cron = arc_arena_text(&init->arena, step->cron);
    for (size_t i = 0; i < ARC_COUNT(names); i++)
        if (*input(step, names[i]) && !has_usual_labels(step, input(step, names[i])))
            init_push(init, given, json_string(names[i]));
    arc_each_in (name, attestations)
        if (!arc_text_is_visible(input(step, *name)))
            init_push(init, given, json_string(*name));
    if (json_array_size(given))
        ask(step, "which %s has the build of %s? Name them under build; none is proposed",
            init_list_names(init, given), image->codename);
    if (step->is_by_hand)
        init_ask(init, step->file, 0,
                 "does a release publish what it builds, under its tags? Only a person starts it");
    if (step->is_scheduled && !is_nightly)
        init_ask(init, step->file, 0,
                 "does it build on a schedule for the sake of new base images? arc-ci-images.yml "
                 "builds then only what earlier runs missed; 'gh workflow run arc-ci-images.yml -f "
                 "mode=release' builds all");
}

/* What a step says of an attestation; NULL: the usual, or only a run knows. */
static char *said_of(const struct init_step *step, const char *name, const char *usual)
{
    const char *value = input(step, name);
    bool is_told = *value && arc_text_is_visible(value) && strcmp(value, usual) != 0;
    return is_told ? arc_arena_text(&step->init->arena, value) : NULL;
}

/* The platforms of the inputs or, without any, of the runner. */
static void take_platforms(const struct init_step *step, struct init_image *image)
{
    struct init *init = step->init;
    const char *platforms = input(step, "platforms platform");
    bool is_native = !*platforms && step->runner && !image->platforms;

    if (is_native && strcmp(step->runner, INIT_UNKNOWN_TEXT) != 0)
        init_add_text(init, &image->platforms,
                      strstr(step->runner, "arm") ? "linux/arm64" : "linux/amd64");
    else if (is_native && image->pushed)
        ask(step, "which platforms does it build for? Neither an input nor a runner says");

    for (char *item; (item = init_next_item(init, &platforms, ",\n"));)
        init_add_platform(init, image, step->file, step->line, item);
    image->checked = step->is_on_pulls ? image->platforms : NULL;
}

static void take_image(const struct init_step *step, const char *context, const char *dockerfile,
                       const char *bound)
{
    struct init *init = step->init;
    struct init_image image = {.from = step->service ? FROM_COMPOSE : FROM_WORKFLOW,
                               .file = step->file,
                               .line = step->line};
    const char *outputs = input(step, "outputs"), *push = input(step, "push publish");
    const char *target = input(step, "target stage");

    image.dockerfile = arc_arena_text(&init->arena, dockerfile);
    image.directory = init_directory(init, dockerfile);
    bool has_context = arc_text_is_visible(context);
    image.context = has_context ? arc_arena_text(&init->arena, context) : image.directory;
    if (!has_context && step->runner)
        ask(step,
            "what is the context of %s? Only a run knows it; the Dockerfile's folder is a guess",
            dockerfile);
    image.codename =
        step->service ? init_codename(init, step->service) : init_name_dockerfile(init, dockerfile);
    image.pushed = strcmp(push, "false") != 0 &&
                   (*push || strstr(outputs, "push=true") || strstr(outputs, "type=registry"));
    image.by_workflow = step->runner;
    if (step->tag)
        image.tag = arc_arena_text(&init->arena, step->tag);
    bool is_known = arc_text_is_visible(target);
    if (is_known && *target && (!image.pushed || init_has_stage(init, dockerfile, target)))
        image.target = arc_arena_text(&init->arena, target);
    else if (*target)
        ask(step, "which stage of %s does it build?", dockerfile);
    take_image_names(step, &image, bound);
    if (step->runner)
        join_architectures(step, &image);
    take_arguments(step, &image);
    arc_json_each_pair (tag, when, image.tags)
        image.part = init_says_version(tag) ? image.part : NULL;

    take_platforms(step, &image);
    image.provenance = said_of(step, "provenance", "true");
    image.sbom = said_of(step, "sbom", "false");
    if (*input(step, "contexts"))
        ask(step,
            "which other contexts has %s? Name them under build.additional_contexts; none is "
            "proposed",
            image.codename);
    if (image.pushed)
        ask_besides(step, &image);

    if (join(step, &image))
        return;
    (void)init_add_image(init, &image);
    note(step, "builds %s of %s", image.codename, image.dockerfile);
}

char *init_resolve_path(const struct init_step *step, const char *base, const char *path)
{
    const char *folder = arc_json_text_of(step->scope, "checkout");
    char *resolved = init_resolve(step->init, base, path);

    const char *below = resolved && *folder ? arc_path_below(folder, resolved) : NULL;
    return below ? init_resolve(step->init, ".", below) : resolved;
}

/* Whether `link` is a symbolic link to `path`. */
static bool leads_to(struct init *init, const char *link, const char *path)
{
    char to[PATH_MAX];
    ssize_t len = readlink(init_join(init, init->root, link), to, sizeof to - 1);
    if (len < 0)
        return false;
    to[len] = '\0';

    const char *target = init_resolve(init, init_directory(init, link), to);
    return target && strcmp(target, path) == 0;
}

/* The Dockerfiles that match the path, also deeper or through links: path → what INIT_UNKNOWN
 * matched, or null. Several files of the same name are ambiguous and left out, as are several in a
 * folder of which any may be meant. A new reference. */
static json_t *find_dockerfiles(const struct init_step *step, const char *wanted)
{
    struct init *init = step->init;
    json_t *found = init_made(init, json_object());
    const char *name = strstr(input(step, "outputs"), "name="), *last = arc_path_name(wanted);
    bool is_any = strcmp(last, INIT_UNKNOWN_TEXT) == 0;

    for (int tries = 0; tries < 3 && !json_object_size(found) && !(is_any && last == wanted);
         tries++)
        arc_json_each_pair (path, variant, init->dockerfile_names) {
            char *bound = NULL;
            const char *at = tries == 2 && arc_text_is_visible(wanted) ? wanted : path;
            if (tries == 2 && at == path)
                at = init_join(init, init_directory(init, path), last);
            if (init_match(init, wanted, at, tries == 1, &bound) &&
                (tries < 2 || leads_to(init, at, path)))
                init_set(init, found, path, bound && !is_any ? json_string(bound) : json_null());
        }

    name = *input(step, "tags") ? input(step, "tags") : name;
    if (json_object_size(found) > 1 && (is_any || (name && arc_text_is_visible(name))))
        json_object_clear(found);

    return found;
}

/* Adds what would be left out, but counts since a workflow builds it: by name, or by a filter of that
 * name, which chooses apps/docs. */
static void add_aside(struct init *init, const char *wanted, json_t *found)
{
    if (!json_object_size(found) && json_object_get(init->aside, wanted))
        init_set(init, found, wanted, json_null());

    arc_json_each_pair (path, value, init->aside) {
        char *bound = NULL;
        if (init_match(init, wanted, path, false, &bound) && bound &&
            json_object_get(init->filters, bound))
            init_set(init, found, path, json_string(bound));
    }
}

/* Whether all that the build leaves is files or a cache, "type=local,dest=bin" or just "bin". */
static bool makes_files(struct init *init, const char *outputs)
{
    bool makes = *outputs && arc_text_is_visible(outputs);

    for (char *output; (output = init_next_item(init, &outputs, "\n"));)
        makes = makes && (!strchr(output, '=') ||
                          ARC_HOLDS(output, "type=local", "type=tar", "type=cacheonly"));

    return makes;
}

static bool is_for_windows(const struct init_step *step)
{
    return ARC_STARTS(arc_text_or(step->runner, ""), "windows") ||
           ARC_STARTS(input(step, "platforms platform"), "windows/");
}

/* The action's paths are relative to the workspace, which is also its default context. */
void init_take_build(const struct init_step *step)
{
    struct init *init = step->init;
    const char *given = input(step, "context path directory");
    const char *file = input(step, "file dockerfile containerfile containerfiles");
    bool is_default = ARC_STARTS(given, "{{") && strstr(given, "defaultContext");
    const char *inner = is_default ? strchr(given, ':') : NULL;

    if (init->spent > INIT_SPENT_MAX)
        return;
    if (makes_files(init, input(step, "outputs"))) {
        note(step, "builds files, and no image");
        return;
    }
    if (is_default)
        given = inner ? inner + 1 : ".";
    if (arc_context_is_remote(given)) {
        ask(step, "it builds something from elsewhere: '%s'. Is that released here?", given);
        return;
    }

    char *context = init_resolve_path(step, ".", arc_text_or(given, "."));
    char *wanted = NULL;
    if (context && *file)
        wanted = init_resolve_path(step, is_default ? context : ".", file);
    else if (context)
        wanted = init_join(init, context, "Dockerfile");

    if (!wanted) {
        ask(step, "its context or its Dockerfile is outside the repository");
        return;
    }

    ARC_AUTO_JSON json_t *found = find_dockerfiles(step, wanted);
    if (is_for_windows(step)) {
        note(step, "builds for Windows, which arc-ci does not");
        arc_json_each_pair (path, bound, found)
            init_set(init, init->aside, path, json_incref(bound)); /* unless others build it */
        return;
    }
    if (step->runner)
        add_aside(init, wanted, found);

    arc_json_each_pair (path, bound, found) {
        const struct init_image *other = init_find_image(init, path);
        bool told = json_is_false(json_object_get(init->dockerfile_names, path)) ||
                    (other && other->settled && !step->service);
        const char *part = json_string_value(bound);
        if (step->runner || !told) /* only scripts describe it so far */
            take_image(step, fill(init, context, part), path, part);
    }

    if (json_object_size(found) || !step->runner)
        return;
    init->guessed = true;
    ask(step,
        "which Dockerfile does it build? '%s' is ambiguous, so the names, tags and arguments "
        "that it gives are not proposed",
        wanted);
}

/* ---- other steps ---------------------------------------------------------------------------- */

/* Records the folder of the workspace that the repository is checked out to. */
static void take_checkout(const struct init_step *step)
{
    const char *of = input(step, "repository"), *path = input(step, "path");
    const json_t *github = json_object_get(step->scope, "github");
    char *folder = *path ? init_resolve(step->init, ".", path) : NULL;

    if (folder && (!*of || strcasecmp(of, arc_json_text_of(github, "repository")) == 0))
        init_set_text(step->init, step->scope, "checkout", folder);
}

static void take_baked_name(const struct init_step *step, char *reference)
{
    struct init *init = step->init;
    struct init_image one = {0};

    take_name(init, &one, arc_arena_text(&init->arena, reference), step->when);
    init->baked_differ |= init->baked.name && !arc_text_same(init->baked.name, one.name);
    take_name(init, &init->baked, reference, step->when);
}

void init_take_values(const struct init_step *step, const json_t *values)
{
    struct init *init = step->init;

    arc_json_each_pair (name, value, is_test_step(step) ? NULL : values) {
        const char *before = arc_json_text_of(init->bake_values, name);
        const char *now = arc_or(json_string_value(value), "");
        bool is_known = init_says_version(before), is_better = init_says_version(now);
        if (ARC_STARTS(now, "localhost") || (is_known && !is_better)) /* a trial, another run */
            continue;
        bool differs = *before && strcmp(before, now) != 0 && is_known == is_better;
        init_set_text(init, init->bake_values, name, differs ? INIT_UNKNOWN_TEXT : now);
    }
}

/* Takes the names that metadata-action gives to targets, and platforms from
 * "*.platform=linux/arm64". */
static void take_bake(const struct init_step *step)
{
    struct init *init = step->init;
    const char *files = input(step, "files"), *settings = input(step, "set"), *named = NULL;

    init_take_bake_files(init, files);
    for (char *file; (file = init_next_item(init, &files, ",\n"));) {
        bool is_local = ARC_STARTS(file, "cwd://");
        file += is_local ? 6 : 0;
        char *path = init_resolve(init, ".", file);
        if (strchr(file, WHEN))
            take_baked_name(step, file);
        else if (is_local && !(path && init_has_file(init, path)))
            arc_json_each_pair (name, list, init->named) { /* by another job, as an artifact */
                const char *tags = json_string_value(list);
                for (char *tag; (tag = init_next_item(init, &tags, "\n"));)
                    take_baked_name(step, init_print(init, "%s:%s", name, tag));
            }
        else if (arc_text_is_visible(file)) {
            named = arc_or(named, file);
            if (path && !strstr(file, "://") && !init_has_file(init, path))
                ask(step,
                    "which values does an earlier step write to %s? It is not in the repository, "
                    "so arc-ci does not read it: 'variables' may hold them",
                    path);
        }
    }

    for (char *item; (item = init_next_item(init, &settings, "\n"));) {
        const char *argument = arc_text_after(item, "*.args.");
        const char *equals = argument ? strchr(argument, '=') : NULL;
        const char *list = arc_text_after(item, "*.platform=");
        if (equals && arc_text_is_visible(equals))
            init_add_pair(init, &init->baked.args,
                          init_cut(init, argument, (size_t)(equals - argument)),
                          json_string(equals + 1));
        init->baked_unknown |= list && !arc_text_is_visible(list);
        for (char *one; list && (one = init_next_item(init, &list, ","));)
            init_add_platform(init, &init->baked, step->file, step->line, one);
    }

    init_take_values(step, step->env);
    leave_branches(step, &init->baked);
    note(step, "bakes %s", arc_or(named, "the bake file"));
}

/* Adds the patterns of a filter: lists nest (an alias of another filter), and a mapping has them by
 * what happened to the file. */
static void add_patterns(struct init *init, json_t *patterns, json_t *given)
{
    if (json_is_string(given))
        init_push(init, patterns, json_incref(given));
    arc_json_each (item, given)
        add_patterns(init, patterns, item);
    arc_json_each_pair (status, item, given)
        add_patterns(init, patterns, item);
}

/* Takes the filters of paths-filter and changed-files, inline or from a file: name → patterns. */
static void take_filters(const struct init_step *step)
{
    struct init *init = step->init;
    const char *text = input(step, "filters files-yaml files-yaml-from-source-file");
    char *path = *text && !strchr(text, '\n') ? init_resolve(init, ".", text) : NULL;
    ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};

    note(step, "path filters: 'arc-ci changes' has one for each service");
    if (path && init_has_file(init, path))
        text = init_read(init, path);
    if (!text ||
        !init_succeeds(init, arc_yaml_parse(text, strlen(text), step->file, 0, &yaml, NULL)))
        return;

    arc_yaml_each_pair (filter, yaml.root) {
        ARC_AUTO_JSON json_t *given = init_expand_node(init, filter->value, NULL);
        json_t *patterns = init_made(init, json_array());
        add_patterns(init, patterns, given);
        init_set(init, init->filters, filter->key->text, patterns);
    }
}

static void take_release(const struct init_step *step)
{
    note(step, "creates the GitHub release: arc-ci-release.yml does that, with notes");
    if (*input(step, "files artifacts"))
        ask(step, "which job builds the release's files? 'arc-ci release --asset' attaches them");
}

/* Attestations of files are not those of images. */
static void take_attestation(const struct init_step *step)
{
    if (!*arc_json_text_of(step->with, "subject-name"))
        return;
    note(step, "attests images: 'attest: github' does that, beside 'sign: cosign'");
    step->init->attests = step->init->signs = true;
}

static void take_scan(const struct init_step *step)
{
    static const char *const severities[] = {"CRITICAL", "HIGH", "MEDIUM", "LOW"};
    struct init *init = step->init;
    const char *list = input(step, "severity");
    bool gate = strcmp(input(step, "exit-code"), "1") == 0;

    note(step, "scans%s: the gate of arc-ci-release.yml does that",
         gate ? " and fails on findings" : "");

    for (size_t i = 0; gate && i < ARC_COUNT(severities); i++)
        if (strstr(list, severities[i]))
            init->fail_on = severities[i];
}

/* docker/github-builder's workflow: build-push-action with metadata-action's inputs, "meta-tags". */
static void take_named_build(const struct init_step *step)
{
    struct init *init = step->init;
    const char *args = input(step, "args buildargs");
    ARC_AUTO_JSON json_t *with = init_copy(init, step->with);
    ARC_AUTO_JSON json_t *meta =
        init_made(init, json_pack("{s:s, s:s, s:s}", "images", input(step, "meta-images"), "tags",
                                  input(step, "meta-tags"), "flavor", input(step, "meta-flavor")));
    struct init_step names = *step, build = *step;

    names.id = "meta";
    names.with = meta;
    take_names(&names);
    const json_t *made = json_object_get(json_object_get(step->scope, "steps"), names.id);
    init_set(init, with, "tags",
             json_incref(json_object_get(json_object_get(made, "outputs"), "tags")));

    if (*args)
        init_set_text(init, with, "build-args", convert_pattern(init, args));
    build.with = with;
    init_take_build(&build);
}

/* An unknown action or workflow that builds an image. Owner, registry and tags may be separate
 * inputs. It pushes unless an input says that it does not. */
static void take_unknown_build(const struct init_step *step)
{
    struct init *init = step->init;
    const char *image = input(step, "image images name repository");
    const char *owner = input(step, "image-owner owner namespace organization");
    const char *registry = input(step, "registry"),
               *tags = input(step, "tags tag image-tag image-tags");
    ARC_AUTO_JSON json_t *with = init_copy(init, step->with);
    ARC_AUTO(arc_buf) struct arc_buf names = {.max = 1 << 20};
    struct init_step known = *step;

    if (!*image && !strchr(tags, '/'))
        return;
    if (*owner && !strchr(image, '/'))
        image = init_print(init, "%s/%s", owner, image);
    if (*registry && strncmp(image, registry, strlen(registry)) != 0)
        image = init_print(init, "%s/%s", registry, image);

    const char *push = input(step, "push publish");
    if (!*tags) {
        init_set(init, with, "outputs", json_sprintf("name=%s", image));
        if (strcmp(push, "false") != 0)
            ask(step, "which tags does %s give to the image? No input names them", step->uses);
    }
    for (char *tag; (tag = init_next_item(init, &tags, ",\n"));)
        if (strchr(tag, '/'))
            arc_buf_printf(&names, "%s\n", tag);
        else
            arc_buf_printf(&names, "%s:%s\n", image, tag);

    if (!*push)
        init_set_text(init, with, "push", "true");
    init_set_text(init, with, "tags", init_hold(init, &names));
    known.with = with;
    init_take_build(&known);
}

/* Sets what an action that makes the release's tag says of it. Whether there is a release is left
 * unknown: conditions on it are a release's. */
static void take_made_tag(const struct init_step *step)
{
    static const char *const outputs[][2] = {{"tag_name", "{image-tag}"},
                                             {"version", "{version}"},
                                             {"major", "{major}"},
                                             {"minor", "{minor}"},
                                             {"patch", "{patch}"},
                                             {"new_release_git_tag", "{image-tag}"},
                                             {"new_release_version", "{version}"},
                                             {"new_release_major_version", "{major}"},
                                             {"new_release_minor_version", "{minor}"},
                                             {"new_tag", "{image-tag}"},
                                             {"new_version", "{version}"}};
    arc_each_in (output, outputs)
        init_set_output(step, (*output)[0], (*output)[1]);
}

/* Known actions by the last part of their name, since many are forks. */
static const struct {
    const char *action;
    void (*take)(const struct init_step *step);
} known[] = {
    {"checkout", take_checkout},
    {"metadata-action", take_names},
    {"ghaction-docker-meta", take_names},
    {"build-push-action", init_take_build},
    {"bake-action", take_bake},
    {"paths-filter", take_filters},
    {"changed-files", take_filters},
    {"action-gh-release", take_release},
    {"release-action", take_release},
    {"trivy-action", take_scan},
    {"attest", take_attestation},
    {"attest-build-provenance", take_attestation},
    {"release-please-action", take_made_tag},
    {"semantic-release-action", take_made_tag},
    {"github-tag-action", take_made_tag},
};

void init_take_step(const struct init_step *step)
{
    const char *name =
        init_lower(step->init, init_cut(step->init, step->uses, strcspn(step->uses, "@")));
    arc_each_in (row, known)
        if (strcmp(row->action, arc_path_name(name)) == 0) {
            row->take(step);
            return;
        }

    if (*input(step, "meta-images"))
        take_named_build(step);
    else if (*input(step, "context") || /* scanners have a Dockerfile input too */
             (*input(step, "dockerfile containerfile containerfiles") &&
              *input(step, "tags tag image-tag image-tags push publish platforms")))
        take_unknown_build(step);
}

/* ---- afterwards ----------------------------------------------------------------------------- */

static void name_versions(struct init *init)
{
    init_each_image (image, init) {
        bool named = !image->tags && !image->likely, is_plain = !image->likely;
        arc_json_each_pair (tag, when, image->tags) {
            named = named || init_says_version(tag);
            bool is_usual = *json_string_value(when) || strcmp(tag, "latest") == 0;
            is_plain = is_plain || !is_usual; /* a release has a name of another kind */
        }
        if (named)
            continue;
        const char *added = is_plain ? "{version}" : image->likely;
        bool has_latest = json_object_get(image->tags, "latest");
        bool first = true; /* of its name: gets the plain version unless another one should */
        init_each_image (other, init) {
            first = first && other != image;
            bool goes_first =
                is_plain && !has_latest && (first || json_object_get(other->tags, "latest"));
            if (other != image && image->name && arc_text_same(image->name, other->name) &&
                (goes_first || json_object_get(other->tags, added)))
                added = "{version}-{codename}";
        }
        init_add_tag(init, &image->tags, added, "");
        init_ask(init, image->file, image->line,
                 "none of its image tags contains the version: %s is added", added);
    }
}

/* Asks about tags such as "dev" that as proposed every release moves. One called as the default
 * branch is that branch's. */
static void ask_moving(struct init *init)
{
    ARC_AUTO_JSON json_t *names = init_made(init, json_object());
    ARC_AUTO_JSON json_t *list = init_made(init, json_array());

    init_each_image (image, init)
        arc_json_each_pair (tag, when, image->tags)
            if (!*json_string_value(when) && arc_text_same(tag, init->branch))
                init_set_text(init, image->tags, tag, init_print(init, "branch:%s", tag));
            else if (!*json_string_value(when) && strcmp(tag, "latest") != 0 &&
                     init_is_among(tag, INIT_MOVING_TAGS " alpha beta next rc"))
                init_set(init, names, tag, json_true());

    arc_json_each_pair (tag, value, names)
        init_push(init, list, json_string(tag));
    if (json_array_size(list))
        init_ask(init, NULL, 0,
                 "which runs move the image tag%s %s? As proposed, every release does",
                 arc_plural(json_array_size(list)), init_list_names(init, list));
}

/* Joins images of one architecture each, "tool-arm64", to the one that commands publish. */
static void join_images(struct init *init)
{
    for (struct init_image **at = &init->images, *image; (image = *at);) {
        const char *end = image->name ? find_architecture(image->name) : NULL;
        char *name = end ? init_cut(init, image->name, (size_t)(end - image->name)) : NULL;
        struct init_image *whole = NULL;
        if (name && json_object_get(init->published, name)) {
            image->name = name;
            image->codename = init_codename(init, name);
            for (whole = init->images; whole != image; whole = whole->next)
                if (arc_text_same(whole->name, name) && /* an earlier one of the same build */
                    strcmp(whole->dockerfile, image->dockerfile) == 0 &&
                    arc_text_same(whole->target, image->target))
                    break;
        }
        if (!whole || whole == image) {
            at = &image->next;
            continue;
        }

        for (char **platform = image->platforms; platform && *platform; platform++)
            init_add_platform(init, whole, image->file, image->line, *platform);
        init_add_texts(init, &whole->checked, image->checked);
        *at = image->next;
        init->image_count--;
    }
}

void init_end_workflows(struct init *init)
{
    join_images(init);

    init_each_image (image, init)
        if (image->pushed && image->name) /* so what commands publish is this image */
            (void)json_object_del(init->published, image->name);

    init_each_image (image, init) {
        bool is_sent = image->name && json_object_get(init->published, image->name);
        image->pushed = image->pushed || is_sent; /* another job loads its tags from a file */
        init->pushes = init->pushes || image->pushed;
        take_remembered(init, image, init->named);
        image->by_digest = image->by_digest || image->part;
        take_remembered(init, image, init->joined);
    }

    if (!init->pushes) /* test builds do not say how images are released */
        init_each_image (image, init) {
            image->tags = NULL;
            image->platforms = NULL;
            if (!image->name || image->registries)
                continue;
            image->name = NULL; /* it stays on the runner */
            image->codename = init_name_dockerfile(init, image->dockerfile);
        }

    for (struct init_image **at = &init->images, *image; (image = *at);) {
        bool published = image->pushed;
        init_each_image (other, init) /* with a known name, of the same build */
            published = published && (image->name || !other->name || !other->pushed ||
                                      strcmp(other->dockerfile, image->dockerfile) != 0 ||
                                      !arc_text_same(other->target, image->target));
        bool is_test = json_object_get(init->aside, image->dockerfile);
        if (published || !(init->pushes || is_test)) {
            at = &image->next;
            continue;
        }

        if (image->pushed)
            init_ask(init, image->file, image->line, INIT_NAMELESS, image->dockerfile);
        init_each_image (other, init) /* built from the same Dockerfile */
            published =
                published || (other->pushed && strcmp(other->dockerfile, image->dockerfile) == 0);
        if (!published && !is_test) {
            init_ask(init, image->dockerfile, 0,
                     "it is built but never pushed, so it is left out: is it released?");
            init_set(init, init->dockerfile_names, image->dockerfile, json_false());
        }
        *at = image->next;
        init->image_count--;
    }
}

void init_end_reading(struct init *init)
{
    ARC_AUTO_JSON json_t *names = init_made(init, json_array());

    arc_json_each_pair (name, value, init->published) {
        bool is_built = find_architecture(name); /* part of an image with a shorter name */
        init_each_image (image, init) {
            is_built = is_built || arc_text_same(image->name, name) ||
                       (!image->name && strcmp(image->codename, name) == 0);
            for (char **other = image->others; other && *other; other++)
                is_built = is_built || strcmp(arc_path_name(*other), name) == 0;
        }
        if (!is_built)
            init_push(init, names, json_string(name));
    }
    if (json_array_size(names) && !init->groups) /* the images of a bake file are not known */
        init_ask(init, NULL, 0,
                 "what are the images %s built of? Workflows push them; no build has these names",
                 init_list_names(init, names));

    init_each_image (image, init) {
        if (init->pushes && !init->groups && !image->by_workflow)
            init_ask(init, image->file, 0,
                     "is what it builds released? No workflow publishes it, as far as they can be "
                     "read");
        if (!image->tags && !image->name)
            arc_json_each_pair (tag, when, init->usual_tags)
                init_add_tag(init, &image->tags, tag, json_string_value(when));
    }
    name_versions(init);
    ask_moving(init);

    arc_json_each_pair (name, patterns, init->filters)
        init_each_image (image, init) {
            bool is_filter_of = strcasecmp(image->codename, name) == 0 ||
                                (image->name && strcasecmp(image->name, name) == 0) ||
                                strcasecmp(arc_path_name(image->directory), name) == 0;
            if (!is_filter_of || strcmp(image->context, ".") == 0)
                continue; /* what its Dockerfile reads from the root is known anyway */
            arc_json_each (pattern, patterns) {
                const char *glob = json_string_value(pattern);
                if (glob && *glob != '!' && !ARC_STARTS(glob, ".github/", "**") &&
                    !arc_path_below(image->context, glob) &&
                    init_allows(init, arc_check_glob, glob))
                    init_add_text(init, &image->paths, glob);
            }
        }
}
