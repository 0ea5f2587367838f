#include "arcci/context.h"
#include "arcci/version.h"
#include "base/auto.h"
#include <string.h>

static bool is_tag_ref(const char *ref)
{
    return ref && strncmp(ref, "refs/tags/", 10) == 0;
}

/* ---- version ------------------------------------------------------------------------------- */

/* A tag that this repository may lack, and a configuration that may not exist, are no errors. */
static int zero_prerelease(const char *root, const struct arc_tag *tag, bool *out,
                           struct arc_error *err)
{
    ARC_AUTO(arc_config) struct arc_config config = {0};
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    int rc = arc_config_load(root, NULL, &config, &problem);
    if (rc == ARC_ENOTFOUND)
        return ARC_OK;
    if (rc)
        return arc_error_set(err, rc, "%s", arc_error_text(&problem));
    const struct arc_group *group = arc_config_group(&config, tag->text, tag->group_len);
    *out = group && group->zero_prerelease;
    return ARC_OK;
}

static int version_in(const struct arc_repository *repository, const struct arc_tag *tag,
                      json_t **out, struct arc_error *err)
{
    struct arc_version_options options = {.tags = repository->tags,
                                          .tags_unknown = repository->tags_unknown};
    int rc = zero_prerelease(repository->root, tag, &options.zero_prerelease, err);
    return rc ? rc : arc_version(tag->text, &options, out, err);
}

int arc_context_version(const struct arc_env *env, const char *tag, json_t **out,
                        struct arc_error *err)
{
    ARC_AUTO(arc_repository) struct arc_repository repository = {0};
    ARC_AUTO(arc_tag) struct arc_tag parsed = {0};
    ARC_AUTO(arc_error) struct arc_error problem = {0};
    const char *name = tag ? tag : arc_env_nonempty(env, "GITHUB_REF");
    if (!name)
        return arc_error_set(err, ARC_EINPUT,
                             "no tag was given and GITHUB_REF is not set; a release tag is like "
                             "messaging/v1.2.3");
    int rc = arc_tag_parse(name, &parsed, err);
    if (rc)
        return rc;
    rc = arc_repository_read(env, parsed.text, &repository, &problem);
    if (!rc)
        return version_in(&repository, &parsed, out, err);
    if (rc != ARC_ENOTFOUND)
        return arc_error_set(err, rc, "%s", arc_error_text(&problem));
    struct arc_version_options unknown = {.tags_unknown = arc_error_text(&problem)};
    return arc_version(parsed.text, &unknown, out, err);
}

/* ---- group --------------------------------------------------------------------------------- */

static int no_group(const struct arc_config *config, const char *what, struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf names = {.max = 1024};
    for (size_t i = 0; i < config->group_count; i++)
        arc_buf_printf(&names, "%s%s (%s)", i ? ", " : "", config->groups[i].name,
                       config->groups[i].tag);
    return arc_error_set(err, ARC_EINPUT, "%s; %s has: %s", what, config->path,
                         names.failed ? "many groups" : arc_buf_text(&names));
}

static int choose_group(struct arc_context *out, const char *name, const char *tag,
                        struct arc_error *err)
{
    ARC_AUTO(arc_buf) struct arc_buf what = {.max = 2048};
    size_t len = tag ? (size_t)(strrchr(tag, '/') - tag) : 0;
    if (tag)
        out->group = arc_config_group(&out->config, tag, len);
    else if (name)
        out->group = arc_config_group(&out->config, name, strlen(name));
    else if (out->config.group_count == 1)
        out->group = &out->config.groups[0];
    if (out->group && tag && name && strcmp(out->group->name, name) != 0)
        arc_buf_printf(&what, "tag %s belongs to group %s, not to %s", tag, out->group->name, name);
    else if (!out->group && tag)
        arc_buf_printf(&what, "no release group has the tag %s", tag);
    else if (!out->group && name)
        arc_buf_printf(&what, "there is no release group '%s'", name);
    else if (!out->group)
        arc_buf_puts(&what, "there are several release groups; name one with --group");
    return what.len ? no_group(&out->config, arc_buf_text(&what), err) : ARC_OK;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int load(const struct arc_env *env, const struct arc_context_options *options,
                const struct arc_tag *tag, struct arc_context *out, struct arc_error *err)
{
    int rc = arc_repository_read(env, tag->text, &out->repository, err);
    if (!rc)
        rc = arc_config_load(out->repository.root, options->config, &out->config, err);
    if (!rc)
        rc = choose_group(out, options->group, tag->text, err);
    if (rc || !tag->text)
        return rc;
    struct arc_version_options version = {.tags = out->repository.tags,
                                          .tags_unknown = out->repository.tags_unknown,
                                          .zero_prerelease = out->group->zero_prerelease};
    return arc_version(tag->text, &version, &out->version, err);
}

int arc_context_load(const struct arc_env *env, const struct arc_context_options *options,
                     struct arc_context *out, struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    *out = (struct arc_context){0};
    const char *ref = arc_env_get(env, "GITHUB_REF");
    const char *name = options->tag ? options->tag : is_tag_ref(ref) ? ref : NULL;
    int rc = name ? arc_tag_parse(name, &tag, err) : ARC_OK;
    if (!rc)
        rc = load(env, options, &tag, out, err);
    if (rc)
        arc_context_free(out);
    return rc;
}

void arc_context_free(struct arc_context *context)
{
    arc_repository_free(&context->repository);
    arc_config_free(&context->config);
    json_decref(context->version);
    *context = (struct arc_context){0};
}
