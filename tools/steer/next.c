#include "base/json.h"
#include "base/text.h"
#include "git/fetch.h"
#include "git/picks.h"
#include "steer/released.h"
#include "steer/survey.h"
#include <inttypes.h>
#include <time.h>

/* The three numbers of a version. */
struct core {
    uint64_t part[3];
};

/* The choice of the next version. */
struct choice {
    struct survey *survey;
    const struct survey_group *group;
    const struct arc_next_options *options;
};

static int compare_cores(const struct core *a, const struct core *b)
{
    for (size_t i = 0; i < 3; i++)
        if (a->part[i] != b->part[i])
            return a->part[i] < b->part[i] ? -1 : 1;
    return 0;
}

static void raise_core(struct core *core, enum arc_bump bump)
{
    size_t at = (size_t)ARC_BUMP_MAJOR - (size_t)bump; /* major, minor, patch */
    core->part[at]++;
    while (++at < 3)
        core->part[at] = 0;
}

static char *name_tag(const struct choice *choice, const char *version)
{
    return arc_tag_name_version(choice->group->group, version, &choice->survey->memory);
}

/* Whether a tag on any branch has the version, in any spelling of the group's. */
static bool is_taken(const struct choice *choice, const char *version)
{
    arc_each (tag, choice->group->tags, choice->group->tag_count)
        if (arc_text_is(tag->version.text, tag->version.len, version))
            return true;
    return false;
}

static void keep_higher(const struct arc_tag **kept, const struct arc_tag *tag)
{
    if (!*kept || arc_release_version_compare(&tag->version, &(*kept)->version) > 0)
        *kept = tag;
}

static char *print_core(const struct choice *choice, const struct core *core)
{
    return arc_arena_printf(&choice->survey->memory, "%" PRIu64 ".%" PRIu64 ".%" PRIu64,
                            core->part[0], core->part[1], core->part[2]);
}

static int take_core(const struct arc_release_version *version, struct core *out,
                     struct arc_error *err)
{
    const char *const texts[] = {version->major, version->minor, version->patch};
    const size_t lens[] = {version->major_len, version->minor_len, version->patch_len};

    *out = (struct core){0};
    if (!version->major || !version->minor)
        return arc_error_set(err, ARC_EINPUT, "%.*s has no numbers to increment: name a version",
                             (int)version->len, version->text);

    for (size_t i = 0; i < 3 && texts[i]; i++) {
        if (lens[i] > 18)
            return arc_error_set(err, ARC_EINPUT,
                                 "%.*s has a number too large to be incremented: name a version",
                                 (int)version->len, version->text);
        out->part[i] = strtoull(texts[i], NULL, 10);
    }

    return ARC_OK;
}

/* The numbers of a tag, and whether it is a prerelease; all zero for NULL. */
static int read_tag(const struct arc_group *group, const char *name, struct core *out,
                    bool *prerelease, struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    *out = (struct core){0};
    *prerelease = false;
    if (!name)
        return ARC_OK;
    ARC_TRY(arc_tag_parse(name, group, &tag, err));
    *prerelease = tag.version.prerelease;

    return take_core(&tag.version, out, err);
}

/* The level asked for since the last stable release; none if the last prerelease has all of it and
 * the next prerelease is wanted. */
static enum arc_bump find_bump(const struct choice *choice)
{
    const struct survey_group *group = choice->group;
    enum arc_bump bump = survey_ride_bump(group);
    bool fresh = !choice->options->prerelease || bump != ARC_BUMP_NONE;

    arc_each (touch, group->touches, group->count) {
        enum arc_bump asked = choice->survey->commits[touch->commit].says.bump;
        if (!touch->since_stable || touch->undone)
            continue;
        bump = ARC_MAX(asked, bump);
        fresh |= touch->since_last && asked != ARC_BUMP_NONE;
    }

    return fresh ? bump : ARC_BUMP_NONE;
}

static int wanted_bump(const struct choice *choice, const struct core *base, bool first,
                       struct survey_next *out, struct arc_error *err)
{
    const char *asked = choice->options->bump;

    out->bump = find_bump(choice);
    out->reason = choice->group->group->includes ? "what its groups have released since"
                                                 : "required by the commits since the last release";

    if (!asked || strcmp(asked, "auto") == 0) {
        if (out->bump == ARC_BUMP_MAJOR && !first && base->part[0] == 0) {
            out->bump = ARC_BUMP_MINOR;
            out->reason = "a breaking change of 0.x raises its minor version";
        }
        return ARC_OK;
    }

    out->reason = "as requested";

    for (out->bump = ARC_BUMP_PATCH; out->bump <= ARC_BUMP_MAJOR; out->bump++)
        if (strcmp(asked, arc_bump_name(out->bump)) == 0)
            return ARC_OK;

    return arc_error_set(err, ARC_EINPUT, "'%.100s' is not a valid bump: patch, minor or major",
                         asked);
}

/* Where the number of a prerelease starts, after "-rc." or "-rc"; NULL if it is not a prerelease of
 * that word. Build metadata may follow. */
static const char *find_number(const struct arc_release_version *version, const char *word)
{
    size_t len = strlen(word), core = strcspn(version->text, "-+");
    const char *dash = version->text + core;
    if (core >= version->len || *dash == '+' || strncmp(dash + 1, word, len) != 0)
        return NULL;
    const char *number = dash + 1 + len + (dash[1 + len] == '.');
    size_t digits = strspn(number, "0123456789");
    bool ends = number + digits == version->text + version->len || number[digits] == '+';
    return digits && ends ? number : NULL;
}

/* The suffix of the group's next prerelease: "-rc.1" for the first; then like its highest one with
 * or without the dot and leading zeros, with a number above all of this version. */
static char *next_of_train(const struct choice *choice, const char *core)
{
    const char *word = choice->options->prerelease;
    const struct arc_tag *highest = NULL;
    const char *dot = ".";
    int width = 1;
    int64_t last = 0;

    arc_each (tag, choice->group->tags, choice->group->tag_count) {
        int64_t number = 0;
        const char *text = tag->version.text, *digits = find_number(&tag->version, word);
        if (!digits)
            continue;
        bool ours = strncmp(text, core, strlen(core)) == 0 && text[strlen(core)] == '-';
        ARC_AUTO_FREE char *copy = strndup(digits, strspn(digits, "0123456789"));
        if (ours && copy && arc_text_number(copy, 18, &number))
            last = ARC_MAX(number, last);
        keep_higher(&highest, tag);
    }

    if (highest) {
        const char *number = find_number(&highest->version, word);
        dot = number[-1] == '.' ? "." : "";
        width = *number == '0' ? (int)ARC_MIN(strspn(number, "0123456789"), 18) : 1;
    }

    return arc_arena_printf(&choice->survey->memory, "-%s%s%0*" PRId64, word, dot, width, last + 1);
}

static int add_prerelease(const struct choice *choice, char **version, struct arc_error *err)
{
    const char *word = choice->options->prerelease;

    if (!word)
        return ARC_OK;

    if (!*word || strspn(word, ARC_ALNUM "-") != strlen(word) ||
        strspn(word, "0123456789") == strlen(word))
        return arc_error_set(err, ARC_EINPUT,
                             "'%.100s' is not a valid prerelease: a word such as rc or beta", word);

    *version = arc_arena_printf(&choice->survey->memory, "%s%s", *version,
                                next_of_train(choice, *version));

    return ARC_OK;
}

int survey_is_above(const struct survey_group *group, const char *name, bool *above,
                    struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag tag = {0}, last = {0};

    *above = true;
    if (!name)
        return ARC_OK;
    ARC_TRY(arc_tag_parse(name, group->group, &tag, err));
    bool by_date = group->group->versioning == ARC_VERSIONING_CALVER && !tag.version.prerelease;
    const char *than = by_date ? group->stable : group->last;
    if (!than)
        return ARC_OK;
    ARC_TRY(arc_tag_parse(than, group->group, &last, err));
    *above = arc_release_version_compare(&tag.version, &last.version) > 0;

    return ARC_OK;
}

int survey_find_between(const struct survey *survey, const struct survey_group *group,
                        const char *name, const struct arc_oid *tip, const char **out,
                        struct arc_error *err)
{
    const struct arc_git *git = survey->project->git;
    size_t room = group->tag_count + 1, count = 0;
    ARC_AUTO_FREE struct arc_oid *commits = calloc(room, sizeof *commits);
    ARC_AUTO_FREE const struct arc_tag **tags = calloc(room, sizeof *tags);
    ARC_AUTO_FREE bool *are = calloc(room, sizeof *are);
    ARC_AUTO(arc_tag) struct arc_tag new = {0};
    const struct arc_tag *highest = NULL;

    ARC_TRY_ALLOC(commits && tags && are, err);
    ARC_TRY(arc_tag_parse(name, group->group, &new, err));

    arc_each (tag, group->tags, group->tag_count) {
        bool above = false;
        tags[count] = tag;
        if (!tag->version.prerelease &&
            arc_release_version_compare(&tag->version, &new.version) < 0 &&
            !survey_is_above(group, tag->text, &above, NULL) && above &&
            !arc_git_tag_commit(git, tag->text, &commits[count], NULL))
            count++;
    }

    ARC_TRY(arc_git_find_ancestors(git, tip, commits, count, are, err));
    for (size_t i = 0; i < count; i++)
        if (are[i])
            keep_higher(&highest, tags[i]);
    *out = highest ? highest->text : NULL;

    return ARC_OK;
}

/* The group's highest version on any branch, or only of the stable ones; NULL: none. */
static const char *find_elsewhere(const struct choice *choice, bool stable)
{
    const struct arc_tag *highest = NULL;

    arc_each (tag, choice->group->tags, choice->group->tag_count)
        if (!stable || !tag->version.prerelease)
            keep_higher(&highest, tag);

    return highest ? highest->text : NULL;
}

/* Matches tags from before the repository had groups. */
static const struct arc_group whole = {.name = "whole",
                                       .tags = (char *[]){"v{version}", "{version}", NULL}};

/* The highest version among tags of that shape, which all begin with `start`, and of no group;
 * NULL: none. */
static char *search_unclaimed(const struct choice *choice, const struct arc_group *shape,
                              const char *start)
{
    ARC_AUTO(arc_tag) struct arc_tag highest = {0};
    struct survey *survey = choice->survey;

    arc_json_each (name, survey->project->repository.tags) {
        const char *text = json_string_value(name);
        ARC_AUTO(arc_tag) struct arc_tag tag = {0};
        bool claimed =
            !arc_text_after(text, start) || arc_tag_parse(text, shape, &tag, NULL) != ARC_OK;
        for (size_t i = 0; !claimed && i < survey->group_count; i++) {
            ARC_AUTO(arc_tag) struct arc_tag own = {0};
            claimed = arc_tag_parse(text, survey->groups[i].group, &own, NULL) == ARC_OK;
        }
        if (!claimed)
            arc_tag_keep_higher(&highest, &tag);
    }

    return arc_arena_text(&survey->memory, highest.text);
}

/* The highest version among tags of no group that have the group's name, else among those from
 * before the repository had groups, which are searched once; NULL: none. */
static const char *find_unclaimed(const struct choice *choice)
{
    static const char *const separators[] = {"/", "/v", "-", "-v", "@", "@v", "_", "_v"};
    struct survey *survey = choice->survey;
    char *tags[ARC_COUNT(separators) + 1] = {NULL};
    const struct arc_group named = {.name = "named", .tags = tags};

    for (size_t i = 0; i < ARC_COUNT(separators); i++) {
        tags[i] = arc_arena_printf(&survey->memory, "%s%s{version}", choice->group->group->name,
                                   separators[i]);
        if (!tags[i]) /* the arena's failure is checked at the end */
            return NULL;
    }

    const char *found = search_unclaimed(choice, &named, choice->group->group->name);
    if (!found && !survey->unclaimed)
        survey->unclaimed = arc_or(search_unclaimed(choice, &whole, ""), "");

    return arc_text_or(arc_or(found, survey->unclaimed), NULL);
}

/* The version to count from: the last stable release, else the predecessor's version; else zeros,
 * and *first is set. */
static int find_base(const struct choice *choice, struct core *out, bool *first,
                     struct arc_error *err)
{
    const char *stable = choice->group->stable, *before = choice->group->predecessor;
    const char *slash = before ? strrchr(before, '/') : NULL;
    bool prerelease = false;

    *first = false;
    if (stable)
        return read_tag(choice->group->group, stable, out, &prerelease, err);

    *first = !before || read_tag(&whole, slash ? slash + 1 : before, out, &prerelease, NULL) ||
             prerelease;
    if (*first)
        *out = (struct core){0};

    return ARC_OK;
}

/* The highest stable release that has the first `same` numbers of the chosen ones and is not below
 * them, if HEAD lacks it; its commit, and its merge base with HEAD. NULL: none, or not in this
 * clone. */
static const char *find_lacked(const struct choice *choice, const struct core *core, size_t same,
                               struct arc_oid *commit, struct arc_oid *base)
{
    const struct arc_git *git = choice->survey->project->git;
    const struct arc_tag *highest = NULL;
    struct core theirs;

    arc_each (tag, choice->group->tags, choice->group->tag_count)
        if (!tag->version.prerelease && !take_core(&tag->version, &theirs, NULL) &&
            memcmp(theirs.part, core->part, same * sizeof *core->part) == 0 &&
            compare_cores(&theirs, core) >= 0)
            keep_higher(&highest, tag);

    if (!highest || arc_git_tag_commit(git, highest->text, commit, NULL) ||
        arc_git_merge_base(git, commit, &choice->survey->head, base, NULL) ||
        strcmp(base->hex, commit->hex) == 0)
        return NULL;

    return highest->text;
}

/* The release on another branch that the next one follows, of the line that the step stays in: 1.4.x
 * for a patch. The default branch goes on after all that was cut from it since its last release; else
 * after 1.x. NULL: none. */
static const char *find_beside(const struct choice *choice, const struct core *core,
                               enum arc_bump step, struct arc_oid *commit)
{
    const struct arc_git *git = choice->survey->project->git;
    const char *last = choice->group->last;
    size_t same = (size_t)ARC_BUMP_MAJOR - (size_t)step; /* none, the major, major and minor */
    struct arc_oid base, released, common;

    if (choice->survey->on_default && same) {
        const char *any = find_lacked(choice, core, 0, commit, &base);
        if (any && last && !arc_git_tag_commit(git, last, &released, NULL) &&
            !arc_git_merge_base(git, &released, &base, &common, NULL) &&
            strcmp(common.hex, released.hex) == 0)
            return any;
        same = 1;
    }

    return find_lacked(choice, core, same, commit, &base);
}

/* The commits that a release on another branch lacks: neither in it, nor picked for it or from
 * it. */
struct lacking {
    json_t *names; /* object: hash → true */
    struct arc_picks picks;
    struct arc_error *err;
};

static void lacking_free(struct lacking *lacking)
{
    json_decref(lacking->names);
    arc_picks_free(&lacking->picks);
}

static int note_lacking(void *context, const struct arc_git_commit *commit)
{
    struct lacking *lacking = context;
    bool is_there;

    ARC_TRY(arc_picks_find(&lacking->picks, commit, &is_there, lacking->err));

    return is_there ? ARC_OK
                    : arc_json_set(lacking->names, commit->oid.hex, json_true(), lacking->err);
}

/* If a release on another branch (a release branch, for example) has the chosen number or a higher
 * one, counts on from that release, by the commits that it lacks. *core receives its numbers, or
 * stays. *finish is cleared then, since that release finished the prereleases. */
static int go_on_beside(const struct choice *choice, struct core *core, bool *finish,
                        struct survey_next *out, struct arc_error *err)
{
    ARC_AUTO(lacking) struct lacking lacking = {.names = json_object(), .err = err};
    struct survey *survey = choice->survey;
    struct arc_oid commit;
    bool prerelease;
    const char *beside = find_beside(choice, core, out->bump, &commit);
    struct arc_git_log_range range = {.from = &commit, .to = &survey->head};

    if (!beside)
        return ARC_OK;
    ARC_TRY_ALLOC(lacking.names, err);
    ARC_TRY(arc_picks_list(survey->project->git, &commit, &survey->head, &lacking.picks, err));
    ARC_TRY(arc_git_log(survey->project->git, &range, note_lacking, &lacking, NULL, err));
    arc_each (touch, choice->group->touches, choice->group->count)
        touch->since_stable &=
            json_object_get(lacking.names, survey->commits[touch->commit].oid.hex) != NULL;
    ARC_TRY(survey_cancel_pairs(survey, choice->group, err));

    ARC_TRY(read_tag(choice->group->group, beside, core, &prerelease, err));
    ARC_TRY(wanted_bump(choice, core, false, out, err));
    *finish = false;
    out->since = beside;
    out->reason =
        arc_arena_printf(&survey->memory, "required by the commits that %s lacks", beside);
    if (out->bump != ARC_BUMP_NONE)
        raise_core(core, out->bump);

    return ARC_OK;
}

/* The version after `base`, or the version of pending prereleases if that is higher. */
static int choose_semver(const struct choice *choice, struct survey_next *out,
                         struct arc_error *err)
{
    struct core core, train;
    bool prerelease, first;
    const char *elsewhere = choice->group->last ? NULL : find_elsewhere(choice, false);

    if (elsewhere) {
        out->reason = arc_arena_printf(
            &choice->survey->memory,
            "its last release, %s, is not an ancestor of HEAD: merge it, or name a version",
            elsewhere);
        return ARC_OK;
    }

    ARC_TRY(find_base(choice, &core, &first, err));
    ARC_TRY(read_tag(choice->group->group, choice->group->last, &train, &prerelease, err));
    ARC_TRY(wanted_bump(choice, &core, first, out, err));
    bool finish = prerelease && !choice->options->prerelease;
    bool asked = choice->options->bump && strcmp(choice->options->bump, "auto") != 0;
    if (first && !asked) {
        core.part[1] = 1;
        out->reason = "the first release";
        if (!choice->group->group->predecessor && !find_elsewhere(choice, true))
            out->unclaimed = find_unclaimed(choice);
    } else if (out->bump != ARC_BUMP_NONE)
        raise_core(&core, out->bump);

    if (prerelease && compare_cores(&train, &core) > 0) {
        core = train;
        out->reason = "the prereleases count towards it";
    }

    if (!asked)
        ARC_TRY(go_on_beside(choice, &core, &finish, out, err));
    if (out->bump == ARC_BUMP_NONE && !finish) {
        out->reason = "nothing since the last release requires a version";
        return ARC_OK;
    }

    enum arc_bump step = out->bump == ARC_BUMP_NONE ? ARC_BUMP_PATCH : out->bump;
    while (is_taken(choice, print_core(choice, &core))) {
        raise_core(&core, step);
        out->reason = "the first that no tag on any branch has";
    }

    out->version = print_core(choice, &core);
    ARC_TRY(add_prerelease(choice, &out->version, err));
    bool above;
    ARC_TRY(survey_is_above(choice->group, name_tag(choice, out->version), &above, err));
    if (above)
        return ARC_OK;

    raise_core(&core, step);
    out->reason = arc_arena_printf(&choice->survey->memory, "%s would not be above %s",
                                   out->version, choice->group->last);
    out->version = print_core(choice, &core);

    return add_prerelease(choice, &out->version, err);
}

/* The group's date format, from its releases; 2026.11.0 without one. */
struct date_style {
    bool short_year, zero_month; /* 26, 04 */
    bool two_parts;     /* 26.04: a third part only from the second release of a month on */
    bool day, zero_day; /* 2026.11.28, 2026.11.05: the third part is the day, not a number */
    char separator;
};

/* The third part is a day if it has a leading zero. Without that, if no release has 0 or more than
 * 31 there, no other one of the last release's month has 1, as a number would, and the last one was
 * released on that day (or, for other time zones, the day before or after). */
static bool counts_days(const struct choice *choice, const struct core *last, bool *zero)
{
    const struct arc_git *git = choice->survey->project->git;
    ARC_AUTO(arc_git_commit) struct arc_git_commit commit = {0};
    struct arc_oid oid;
    struct core numbers;
    bool starts = false;

    arc_each (tag, choice->group->tags, choice->group->tag_count) {
        if (!tag->version.patch || take_core(&tag->version, &numbers, NULL))
            continue;
        *zero = *zero || (tag->version.patch_len == 2 && *tag->version.patch == '0');
        bool month = numbers.part[0] == last->part[0] && numbers.part[1] == last->part[1];
        starts = starts || (month && numbers.part[2] == 1 && last->part[2] > 1);
        if (numbers.part[2] == 0 || numbers.part[2] > 31)
            return false;
    }

    if (*zero || starts || !last->part[2])
        return *zero;
    if (arc_git_tag_commit(git, choice->group->last, &oid, NULL) ||
        arc_git_commit(git, &oid, &commit, NULL))
        return false;

    for (int64_t around = -86400; around <= 86400; around += 86400) {
        time_t at = (time_t)(commit.time + around);
        struct tm date;
        if (gmtime_r(&at, &date) && (uint64_t)date.tm_mday == last->part[2] &&
            (uint64_t)date.tm_mon + 1 == last->part[1])
            return true;
    }

    return false;
}

/* The style and numbers of the group's last release; zeros without one. */
static int find_style(const struct choice *choice, struct date_style *style, struct core *last,
                      bool *prerelease, struct arc_error *err)
{
    ARC_AUTO(arc_tag) struct arc_tag tag = {0};
    const struct arc_tag *told = NULL;

    *style = (struct date_style){.separator = '.'};
    ARC_TRY(read_tag(choice->group->group, choice->group->last, last, prerelease, err));
    if (!choice->group->last)
        return ARC_OK;

    ARC_TRY(arc_tag_parse(choice->group->last, choice->group->group, &tag, err));
    style->separator = tag.version.major[tag.version.major_len];
    style->short_year = tag.version.major_len <= 2;
    const char *text = tag.version.text, *patch = tag.version.patch;
    style->two_parts = !patch || is_taken(choice, arc_arena_cut(&choice->survey->memory, text,
                                                                (size_t)(patch - text) - 1));
    bool iso = style->separator == '-' && tag.version.minor_len + tag.version.patch_len == 4;

    arc_each (one, choice->group->tags, choice->group->tag_count)
        if (one->version.minor && (one->version.minor_len == 1 || *one->version.minor == '0'))
            keep_higher(&told, one); /* one of October to December does not tell */
    style->zero_month = told ? *told->version.minor == '0' : style->short_year || iso;
    style->day = !style->two_parts &&
                 (style->separator == '-' || counts_days(choice, last, &style->zero_day));
    if (style->day) /* a date has zeros before both, or before none */
        style->zero_month = style->zero_day = style->zero_month || style->zero_day;

    return ARC_OK;
}

static char *print_date(const struct choice *choice, const struct date_style *style,
                        const struct core *date)
{
    struct arc_arena *memory = &choice->survey->memory;
    char *start = arc_arena_printf(memory, "%" PRIu64 "%c%0*" PRIu64, date->part[0],
                                   style->separator, style->zero_month ? 2 : 1, date->part[1]);
    if (style->two_parts && !date->part[2])
        return start;
    return arc_arena_printf(memory, "%s%c%0*" PRIu64, start, style->separator,
                            style->zero_day ? 2 : 1, date->part[2]);
}

/* The date, with a number that restarts every month unless the date ends with the day. */
static int choose_calver(const struct choice *choice, struct survey_next *out,
                         struct arc_error *err)
{
    struct date_style style;
    struct core last;
    bool prerelease, above;
    int64_t moment;
    struct tm date;

    if (choice->options->bump && strcmp(choice->options->bump, "auto") != 0)
        return arc_error_set(err, ARC_EINPUT, "--bump cannot be used with versions that are dates");
    ARC_TRY(find_style(choice, &style, &last, &prerelease, err));

    out->bump = find_bump(choice);
    out->reason = "nothing since the last release requires a version";
    if (out->bump == ARC_BUMP_NONE)
        return ARC_OK;
    ARC_TRY(arc_env_moment(choice->survey->project->env, &moment, err));
    if (!gmtime_r(&(time_t){(time_t)moment}, &date))
        return arc_error_set(err, ARC_EWORLD, "the clock does not show a valid date");

    struct core next = {{(uint64_t)date.tm_year + 1900, (uint64_t)date.tm_mon + 1, 0}};
    next.part[0] -= style.short_year ? 2000 : 0;
    if (style.day)
        next.part[2] = (uint64_t)date.tm_mday;
    else if (next.part[0] == last.part[0] && next.part[1] == last.part[1])
        next.part[2] = last.part[2] + !prerelease;
    while (!style.day && is_taken(choice, print_date(choice, &style, &next)))
        next.part[2]++;

    char *version = print_date(choice, &style, &next);
    out->version = version;
    ARC_TRY(add_prerelease(choice, &out->version, err));
    ARC_TRY(survey_is_above(choice->group, name_tag(choice, out->version), &above, err));
    bool taken = is_taken(choice, version);
    if (!above || taken) {
        out->bump = ARC_BUMP_NONE;
        out->version = NULL;
        out->reason = arc_arena_printf(&choice->survey->memory,
                                       taken ? "today's %s is there already: name a version"
                                             : "today's %s is not above %s: name a version",
                                       version, choice->group->last);
        return ARC_OK;
    }

    out->reason = style.day ? "the date" : "the date, and a number that starts at 0 each month";

    return ARC_OK;
}

int survey_choose_next(struct survey *survey, const struct survey_group *group,
                       const struct arc_next_options *options, struct survey_next *out,
                       struct arc_error *err)
{
    const struct choice choice = {survey, group, options};

    *out = (struct survey_next){0};
    out->since = arc_or(group->stable, group->predecessor);
    if (!name_tag(&choice, "1.0.0")) {
        out->reason = "its tags name one service each: make the next one with git tag";
        return arc_arena_check(&survey->memory, err);
    }

    switch (group->group->versioning) {
    case ARC_VERSIONING_CALVER:
        ARC_TRY(choose_calver(&choice, out, err));
        break;
    case ARC_VERSIONING_SEMVER:
        ARC_TRY(choose_semver(&choice, out, err));
        break;
    default:
        out->bump = find_bump(&choice);
        out->reason = "its versions follow no rule that gives a next one";
    }

    if (out->version)
        out->tag = name_tag(&choice, out->version);
    else
        out->unclaimed = NULL;

    return arc_arena_check(&survey->memory, err);
}

/* ---- next.json ----------------------------------------------------------------------------- */

static json_t *explain(const struct survey *survey, const struct survey_touch *touch)
{
    const struct survey_commit *commit = &survey->commits[touch->commit];
    struct arc_conventional says = commit->says;
    json_t *services = json_array();

    for (size_t i = 0; i < touch->service_count; i++)
        arc_json_push(&services, json_string(touch->services[i]));
    if (touch->undone)
        says = (struct arc_conventional){.why = "reverted, or reverts another of these"};

    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "hash", commit->oid.hex, "subject",
                     commit->subject, "bump", arc_bump_name(says.bump), "why", says.why, "services",
                     services);
}

int arc_next(struct arc_project *project, const struct arc_next_options *options, json_t **out,
             struct arc_error *err)
{
    ARC_AUTO(survey) struct survey survey = {0};
    ARC_AUTO_JSON json_t *commits = json_array();
    struct survey_group *group;
    struct survey_next next;
    const char *lacked = NULL; /* a release of the default branch, below the next version */
    int rc = ARC_OK;

    ARC_TRY(survey_take_group(project, options->prerelease, &survey, &group, err));
    ARC_TRY(survey_choose_next(&survey, group, options, &next, err));
    if (next.tag && *survey.default_tip.hex)
        rc = survey_find_between(&survey, group, next.tag, &survey.default_tip, &lacked, NULL);
    ARC_TRY(arc_error_memory(rc, err));

    arc_each (touch, group->touches, group->count)
        if (touch->since_stable)
            arc_json_push(&commits, explain(&survey, touch));

    *out = json_pack(
        "{s:s, s:i, s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s, s:s?, s:s?, s:b, s:b, s:O, s:o}",
        "document", "next", "format", ARC_DOCUMENT_FORMAT, "group", group->group->name, "head",
        survey.head.hex, "previous-tag", next.since, "bump", arc_bump_name(next.bump), "next",
        next.version, "next-tag", next.tag, "reason", next.reason, "lacked", lacked, "unclaimed",
        next.unclaimed, "complete", survey.complete, "tags-known",
        !project->repository.tags_unknown, "commits", commits, "includes",
        survey_describe_rides(group));
    return arc_error_unless(*out, err);
}
