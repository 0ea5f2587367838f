/* What a run is about: the repository, its configuration, the event, one release group and a
 * version. Each part is read once, when it is first asked for, and passed down; a stage takes the
 * project as its first parameter. */
#ifndef ARCCI_PROJECT_H
#define ARCCI_PROJECT_H

#include "arcci/api.h"
#include "arcci/buf.h"
#include "arcci/config.h"
#include "arcci/event.h"
#include "arcci/repository.h"
#include "arcci/version.h"
#include <jansson.h>

ARC_API_BEGIN

/* What the caller asks for; any of it may be NULL. Borrowed. */
struct arc_project_options {
    const char *tag;    /* release tag; NULL: GITHUB_REF where that is a tag, else none */
    const char *group;  /* group's name; NULL: the tag's, else the only one there is */
    const char *config; /* configuration file; NULL: .github/arc-ci.yaml */
    const char *lock;   /* of a train: a lock file that says which releases it takes; NULL: none */
    const char *previous; /* the tag of the previous release; NULL: found among the tags */
};

struct arc_git;

/* Initialise with {.env = …}; arc_project_free() at the end. A part counts once its load function
 * returned 0. Owned, but for `env` and `wanted`, which are borrowed, and `group`, which points into
 * `config`. */
struct arc_project {
    const struct arc_env *env;
    struct arc_project_options wanted; /* set before the parts that depend on it are loaded */
    struct arc_git *git;               /* arc_project_open() */
    struct arc_event event;            /* arc_project_load_event() */
    struct arc_config config;          /* arc_project_load_config() */
    struct arc_repository repository;  /* arc_project_load(); the tags: arc_project_load_tags() */
    struct arc_tag tag;            /* arc_project_load(), arc_project_load_version(); {0}: none */
    const struct arc_group *group; /* arc_project_load() */
    struct arc_version_info *version; /* NULL without a tag; owned */
};

/* Opens the repository that env->cwd lies in. ARC_ENOTFOUND when there is none, ARC_EWORLD when git
 * would not trust it or its format is not known. */
int arc_project_open(struct arc_project *project, struct arc_error *err);

/* Reads the event (arc_event_load()). */
int arc_project_load_event(struct arc_project *project, struct arc_error *err);

/* The work tree; where there is none that can be opened, the current directory. A new string; NULL
 * when memory ran out. */
char *arc_project_root(struct arc_project *project);

/* Reads the configuration below arc_project_root() (arc_config_load()). ARC_ENOTFOUND when there is
 * no file. */
int arc_project_load_config(struct arc_project *project, struct arc_error *err);

/* Reads the names of all tags: project->repository.tags, or tags_unknown where a clone that may
 * lack some could not ask its remote. The remote is asked once a run at the most. */
int arc_project_load_tags(struct arc_project *project, struct arc_error *err);

/* Reads the facts of the repository, the configuration, the group and, if there is a tag, the
 * version. ARC_EINPUT when the tag belongs to no group, or the group is not clear. */
int arc_project_load(struct arc_project *project, struct arc_error *err);

/* The same where a release is asked for: ARC_EINPUT without a tag says what those of the groups
 * look like. */
int arc_project_load_release(struct arc_project *project, struct arc_error *err);

/* Fills in the version of the tag (none: GITHUB_REF, whatever ref it is) from what is there: the
 * repository's tags decide `latest`, the group's zero-prerelease what 0.x is. Without a repository
 * nothing is latest. */
int arc_project_load_version(struct arc_project *project, struct arc_error *err);

/* Reads a file of the repository that can loosen a check: for a pull request as the commit has it
 * that it is to be merged into, else as the work tree has it. *from names that place in messages; a
 * new string. ARC_ENOTFOUND where there is no such file; ARC_EWORLD when that commit is not here
 * and cannot be fetched. */
int arc_project_read_trusted(struct arc_project *project, const char *path, size_t max,
                             struct arc_buf *out, char **from, struct arc_error *err);

/* The same for a file that a person named, relative to the current directory. One outside of the
 * work tree is read as it is, a pipe too. */
int arc_project_read_given(struct arc_project *project, const char *path, size_t max,
                           struct arc_buf *out, char **from, struct arc_error *err);

/* Whether the tag's commit is the one that is checked out: configuration and services are read from
 * the work tree. In a workflow the tag must exist, too, unless it is a rehearsal; or images of any
 * branch would get its name. ARC_EINPUT says what to check out or to push. The project is loaded.
 */
int arc_project_check_tag(struct arc_project *project, bool rehearsal, struct arc_error *err);

/* Whether configuration and services are as the tag's commit has them, where there is such a tag,
 * and as far as it has them: an older tag may be planned with a new configuration. ARC_EINPUT names
 * the files that are not. The project is loaded. */
int arc_project_check_config(struct arc_project *project, struct arc_error *err);

/* Appends which files of the group's configuration and services are not as the project's commit has
 * them, and are not `generated`: the first five, and how many more. Nothing where another commit is
 * checked out. The project is loaded. ARC_ENOTFOUND where there is no git to ask. */
int arc_project_dirty(struct arc_project *project, struct arc_buf *out, struct arc_error *err);

/* The version that a service's file had at a commit; *out (owned by the caller) is NULL where there
 * was no such file or value. */
int arc_project_version_at(struct arc_project *project, const struct arc_service *service,
                           const char *commit, char **out, struct arc_error *err);

void arc_project_free(struct arc_project *project);

ARC_API_END

#endif
