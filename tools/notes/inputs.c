#include "notes/inputs.h"
#include "arcci/template.h"
#include "base/json.h"
#include "base/text.h"
#include "git/git.h"
#include "os/file.h"
#include "plan/planned.h"

#define OWN_TEXT_MAX ((size_t)64 << 10)

/* The contents of the documents and files. */
struct sources {
    struct arc_plan plan; /* its memory belongs to the caller */
    struct arc_version_info version;
    struct arc_notes_log log;
    struct arc_buf template, own_file, own_text;
};

static void sources_free(struct sources *sources)
{
    arc_notes_log_free(&sources->log);
    arc_buf_free(&sources->template);
    arc_buf_free(&sources->own_file);
    arc_buf_free(&sources->own_text);
}

/* The placeholders of "docs/releases/{version}.md". */
static bool add_own_value(void *context, const char *name, struct arc_buf *out)
{
    const struct arc_plan *plan = context;
    if (!ARC_AMONG(name, "version", "tag"))
        return false;
    arc_buf_puts(out, *name == 't' ? plan->tag : plan->version->version);
    return true;
}

/* Reads the version's notes file; sets its name even if the file does not exist. */
static int read_own_text(struct sources *sources, struct arc_notes_options *options,
                         struct arc_error *err)
{
    const char *template = options->group ? options->group->notes_file : NULL;
    if (!template || !options->root || !sources->plan.version || !sources->plan.tag)
        return ARC_OK;

    arc_text_fill(template, add_own_value, &sources->plan, &sources->own_file);
    ARC_TRY(arc_buf_check(&sources->own_file, "notes-file", err));
    const char *file = options->own_file = arc_buf_text(&sources->own_file);
    if (arc_file_kind_in(options->root, file) == ARC_FILE_NONE)
        return ARC_OK;

    ARC_TRY(arc_file_read_in(options->root, file, OWN_TEXT_MAX, &sources->own_text, err));
    const char *text = arc_buf_text(&sources->own_text);
    if (strlen(text) != sources->own_text.len || !arc_utf8_valid(text, sources->own_text.len))
        return arc_error_set(err, ARC_EINPUT, "%s is not UTF-8 text", file);

    if (strstr(text, "<!-- arc-ci:"))
        return arc_error_set(err, ARC_EINPUT,
                             "%s holds a hidden mark of arc-ci's own, '<!-- arc-ci:'", file);

    /* Drop a byte order mark. */
    options->own_text = arc_or(arc_text_after(text, "\xef\xbb\xbf"), text);

    return ARC_OK;
}

int arc_notes_make(struct arc_project *project, const struct arc_notes_options *known,
                   const char *template, json_t **out, struct arc_error *err)
{
    ARC_AUTO(sources)
    struct sources sources = {.plan = *known->plan, .template = {.max = ARC_TEMPLATE_MAX}};
    struct arc_notes_options options = *known;

    options.plan = &sources.plan;
    options.log = &sources.log;

    if (project->wanted.previous && sources.plan.version) {
        sources.version = *sources.plan.version;
        sources.version.previous_tag = (char *)project->wanted.previous;
        sources.plan.version = &sources.version;
    }

    /* The group's template is relative to the work tree, the option's to the current directory. */
    options.template_name = template;
    if (!template && options.group)
        options.template_name = options.group->notes_template;

    if (options.template_name) {
        ARC_TRY(arc_file_read_in(template ? NULL : options.root, options.template_name,
                                 ARC_TEMPLATE_MAX, &sources.template, err));
        options.template_text = arc_buf_text(&sources.template);
        options.template_len = sources.template.len;
    }

    ARC_TRY(read_own_text(&sources, &options, err));
    ARC_TRY(arc_notes_log(project, &sources.plan, known->group, &sources.log, err));

    return arc_notes(&options, out, err);
}

int arc_notes_run(struct arc_project *project, const struct arc_notes_files *files, json_t **out,
                  struct arc_error *err)
{
    ARC_AUTO(arc_needs) struct arc_needs found = {0};
    const struct arc_plan_options wanted_plan = {.push = true};

    ARC_TRY(arc_needs_read(&files->documents, &found, err));
    ARC_TRY(arc_needs_check_tag(&found, project->wanted.tag, err));
    if (!found.plan) {
        ARC_TRY(arc_project_load(project, err));
        ARC_TRY(arc_needs_plan(project, &wanted_plan, &found, err));
    }

    struct arc_notes_options facts = {.plan = found.plan, .build = found.build, .scan = found.scan};

    /* Group and work tree only refine the notes, so either may be missing. A wrong configuration is
     * an error, though. */
    int rc = arc_project_open(project, err);
    ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));

    if (!rc && project->git->worktree) {
        facts.root = project->git->worktree;
        rc = arc_project_read_config(project, err);
        if (!rc)
            facts.group = arc_config_group(&project->config, facts.plan->group);
        if (facts.group)
            rc = arc_project_load_group(project, facts.group, err);
        if (rc && project->wanted.config)
            return rc;
        ARC_TRY(arc_error_except(ARC_ENOTFOUND, rc, err));
    }

    return arc_notes_make(project, &facts, files->template, out, err);
}

int arc_notes_warn(const json_t *notes,
                   int (*warn)(void *context, char weight, const char *text, struct arc_error *err),
                   void *context, struct arc_error *err)
{
    const json_t *commits = json_object_get(notes, "commits");
    const json_t *own = json_object_get(notes, "own-text");
    const struct {
        char weight;
        const char *says, *what;
    } all[] = {
        {'w', "the commits are not listed: ", arc_json_text_of(commits, "unknown")},
        {'n', "titles and authors of pull requests are git's, not GitHub's: ",
         arc_json_text_of(commits, "pulls-unknown")},
        {'w', "the version has no text of its own: there is no ",
         json_is_false(json_object_get(own, "found")) ? arc_json_text_of(own, "file") : ""},
    };

    arc_each_in (one, all) {
        ARC_AUTO(arc_buf) struct arc_buf text = {.max = 8192};
        if (!*one->what)
            continue;
        arc_buf_printf(&text, "%s%s", one->says, one->what);
        ARC_TRY(warn(context, one->weight, arc_buf_text(&text), err));
    }

    return ARC_OK;
}
