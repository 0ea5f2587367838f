/* Images that goreleaser builds from its binaries: each is taken as a step of a workflow. */
#include "init/sources.h"

#define DOCKER_COST 10000

/* "v{{ .Version }}" becomes "v{version}". A condition around the whole text is taken as true unless
 * it asks for a nightly build, one around a part of it as false. */
static char *convert_template(struct init *init, const char *text)
{
    static const char *const words[][2] = {
        {".Version", "{version}"}, {".Tag", "{image-tag}"},    {".Major", "{major}"},
        {".Minor", "{minor}"},     {".Patch", "{patch}"},      {".FullCommit", "{revision}"},
        {".Commit", "{revision}"}, {".ShortCommit", "{sha7}"},
    };
    ARC_AUTO(arc_buf) struct arc_buf out = {.max = 4096};
    bool whole = ARC_STARTS(text, "{{") && arc_text_ends(text, "}}"), left_out = false;

    while (*text) {
        const char *start = arc_text_after(text, "{{"), *end = start ? strstr(start, "}}") : NULL;
        if (!end) {
            size_t plain = start ? strlen(text) : 1;
            if (!left_out)
                arc_buf_add(&out, text, plain);
            text += plain;
            continue;
        }
        text = end + 2;
        start += *start == '-'; /* "{{- if" and "end -}}" remove blanks */
        end -= end > start && end[-1] == '-';
        size_t len = (size_t)(end - start);
        arc_text_trim(&start, &len);
        char *word = init_cut(init, start, len);
        if (ARC_STARTS(word, "if ", "else", "end")) {
            bool is_nightly = ARC_HOLDS(word, ".IsNightly", ".IsSnapshot") && !strstr(word, "not ");
            if (ARC_STARTS(word, "else"))
                left_out = !whole || !left_out;
            else
                left_out = *word == 'i' && (!whole || is_nightly);
            continue;
        }
        const char *value = init_look_up(words, word);
        if (strcmp(word, ".ProjectName") == 0)
            value = init->repository;
        if (!left_out)
            arc_buf_puts(&out, arc_or(value, INIT_UNKNOWN_TEXT));
    }

    return init_hold(init, &out);
}

/* Adds the items of a list to an input of the build, each prefixed with `before`, and the members of
 * a mapping as NAME=VALUE. */
static void add_lines(struct init *init, json_t *with, const char *name, const char *before,
                      const struct arc_yaml_node *lines)
{
    arc_yaml_each (item, lines)
        if (item->text && init_spend(init, item->len))
            init_add_input(init, with, name,
                           init_print(init, "%s%s", before, convert_template(init, item->text)));
    arc_yaml_each_pair (pair, lines)
        if (pair->value->text && init_spend(init, pair->value->len))
            init_add_input(init, with, name,
                           init_print(init, "%s=%s", pair->key->text,
                                      convert_template(init, pair->value->text)));
}

/* Adds what options of docker say, such as `--build-arg=NAME={{ .Version }}`. */
static void add_flags(struct init *init, json_t *with, const struct arc_yaml_node *flags)
{
    arc_yaml_each (flag, flags) {
        const char *equals = flag->text ? strchr(flag->text, '=') : NULL;
        if (!equals || !init_spend(init, flag->len))
            continue;
        const char *option = init_cut(init, flag->text, (size_t)(equals - flag->text));
        const char *input = strcmp(option, "--label") == 0 ? "labels" : init_find_input(option);
        if (input)
            init_add_input(init, with, input, convert_template(init, equals + 1));
    }
}

static void take_docker(struct init *init, const char *path, const struct arc_yaml_node *docker)
{
    ARC_AUTO_JSON json_t *scope = init_made(init, json_object());
    ARC_AUTO_JSON json_t *with =
        init_made(init, json_pack("{s:s, s:s}", "context", ".", "push", "true"));
    const char *arch = arc_yaml_text_at(docker, "goarch");
    struct init_step step = {.init = init,
                             .uses = "",
                             .scope = scope,
                             .with = with,
                             .runner = "",
                             .when = "",
                             .file = path,
                             .line = docker->line};

    if (strcmp(arc_yaml_text_at(docker, "goos"), "windows") == 0)
        return;
    const char *named = arc_text_or(arc_yaml_text_at(docker, "dockerfile"), "Dockerfile");
    const char *beside = init_join(init, init_directory(init, path), named);
    init_set_text(init, with, "file", init_has_file(init, beside) ? beside : named);
    if (init_has_file(init, beside)) /* goreleaser runs in the folder */
        init_set_text(init, with, "context", init_directory(init, path));
    init_set_text(init, with, "target", arc_yaml_text_at(docker, "target"));
    add_lines(init, with, "tags", "", arc_yaml_get(docker, "image_templates"));
    arc_yaml_each (image, arc_yaml_get(docker, "images"))
        if (image->text && init_spend(init, image->len))
            add_lines(init, with, "tags",
                      init_print(init, "%s:", convert_template(init, image->text)),
                      arc_yaml_get(docker, "tags"));

    add_lines(init, with, "platforms", "", arc_yaml_get(docker, "platforms"));
    add_flags(init, with, arc_yaml_get(docker, "build_flag_templates"));
    add_flags(init, with, arc_yaml_get(docker, "flags"));
    if (strcmp(arch, "arm") == 0)
        arch = init_print(init, "arm/v%s", arc_text_or(arc_yaml_text_at(docker, "goarm"), "6"));
    if (*arch && !*arc_json_text_of(with, "platforms"))
        init_set(init, with, "platforms", json_sprintf("linux/%s", arch));
    add_lines(init, with, "build-args", "", arc_yaml_get(docker, "build_args"));
    add_lines(init, with, "labels", "", arc_yaml_get(docker, "labels"));
    add_lines(init, with, "annotations", "", arc_yaml_get(docker, "annotations"));

    init_take_build(&step);
    init_ask(init, path, 0,
             "goreleaser puts binaries into the contexts of its images: does an earlier step build "
             "them (list them under 'generated'), or will the Dockerfiles?");
}

void init_read_goreleaser(struct init *init)
{
    static const char *const keys[] = {"dockers", "dockers_v2"};
    size_t count = 0;

    /* for a file in another folder, goreleaser runs in the root, with -f */
    for (size_t i = 0; i < init->file_count; i++) {
        ARC_AUTO(arc_yaml) struct arc_yaml yaml = {0};
        const char *path = init->files[i];
        if (!init_is_among(arc_path_name(path), ".goreleaser.yml .goreleaser.yaml goreleaser.yml "
                                                "goreleaser.yaml") ||
            init_is_aside(path) || !init_read_yaml(init, path, &yaml))
            continue;
        if (!init_counts(init, &count))
            break;
        arc_each_in (key, keys)
            arc_yaml_each (docker, arc_yaml_get(yaml.root, *key))
                if (init_spend(init, DOCKER_COST))
                    take_docker(init, path, docker);
        arc_yaml_each (signer, arc_yaml_get(yaml.root, "docker_signs")) {
            const struct arc_yaml_node *args = arc_yaml_get(signer, "args");
            bool keyless = args; /* without any, it signs with the key cosign.key */
            arc_yaml_each (arg, args)
                keyless = keyless && !ARC_STARTS(arc_or(arg->text, ""), "--key");
            init->signs |= keyless;
            if (keyless)
                init_note(init, path, signer->line, INIT_SIGNS);
            else
                init_ask(init, path, signer->line, INIT_WHICH_KEY);
        }
        arc_yaml_each (manifest, arc_yaml_get(yaml.root, "docker_manifests")) {
            const struct init_step step = {.init = init, .when = "", .file = path};
            const char *name = convert_template(init, arc_yaml_text_at(manifest, "name_template"));
            const char *tag = strchr(arc_path_name(name), ':');
            struct init_image named = {0};
            if (init_spend(init, DOCKER_COST) && tag && arc_text_is_visible(name) &&
                init_take_reference(init, name, &named) && named.registries)
                init_remember_tag(&step, &named, tag + 1); /* for the images that it joins */
        }
    }
}
