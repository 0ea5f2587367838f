/* What a run is about: the repository, its configuration, the event, one release group and a
 * version. Each part is read once, on first use. A stage takes the project as its first
 * parameter. */
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

/* What the caller chooses; each may be NULL. Borrowed. */
struct arc_project_options {
    const char *tag;      /* release tag; NULL: GITHUB_REF if that is a tag, else none */
    const char *group;    /* group's name; NULL: the tag's group, else the only one */
    const char *config;   /* configuration file; NULL: .github/arc-ci.yaml */
    const char *lock;     /* of a train: a lock file with the releases to take; NULL: none */
    const char *previous; /* the tag of the previous release; NULL: found among the tags */
};

struct arc_git;

/* Initialise with {.env = …}; arc_project_free() at the end. A part counts once its load function
 * returned 0. Owned, except `env` and `wanted` (borrowed) and `group` (points into `config`). */
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

/* Opens the repository that env->cwd is in. ARC_ENOTFOUND when there is none, ARC_EWORLD when git
 * would not trust it or its format is unknown. */
int arc_project_open(struct arc_project *project, struct arc_error *err);

/* Reads the event (arc_event_load()). */
int arc_project_load_event(struct arc_project *project, struct arc_error *err);

/* Returns the work tree, or the current directory if no repository can be opened; the project's. */
const char *arc_project_root(struct arc_project *project);

/* Reads the configuration below arc_project_root() (arc_config_load()). The groups that a bake or
 * compose file defines have no services yet. ARC_ENOTFOUND when there is no file. */
int arc_project_read_config(struct arc_project *project, struct arc_error *err);

/* Asks docker for the services of the group, and of those that it includes, if a bake or compose
 * file defines them, and checks them. ARC_EWORLD without docker. Call arc_project_read_config()
 * first. */
int arc_project_load_group(struct arc_project *project, const struct arc_group *group,
                           struct arc_error *err);

/* The same for all groups, after reading the configuration. */
int arc_project_load_config(struct arc_project *project, struct arc_error *err);

/* The group of the loaded configuration that the tag releases. NULL: none, or several that read
 * another version from it. */
const struct arc_group *arc_project_group_of(const struct arc_project *project, const char *tag);

/* Reads the names of all tags into project->repository.tags. A clone that may lack some asks its
 * remote, at most once per run; if that fails, tags_unknown says why, and outside of CI the tags of
 * a clone with its whole history are its own, if it has any. */
int arc_project_load_tags(struct arc_project *project, struct arc_error *err);

/* Reads the facts of the repository, the configuration, the group and, if there is a tag, the
 * version. ARC_EINPUT when the tag belongs to no group, or several groups are possible. */
int arc_project_load(struct arc_project *project, struct arc_error *err);

/* As arc_project_load(), but requires a release tag: ARC_EINPUT without one shows the groups' tag
 * patterns. */
int arc_project_load_release(struct arc_project *project, struct arc_error *err);

/* Fills in the version of the tag (without one, of GITHUB_REF, even if that is not a tag). The
 * repository's tags decide `latest`, the group's zero-prerelease decides about 0.x. Without a
 * repository nothing is latest. */
int arc_project_load_version(struct arc_project *project, struct arc_error *err);

/* Reads a file of the repository that can loosen a check: in a pull request from its base commit,
 * so that it cannot loosen its own checks, else from the work tree. *from, a new string, names the
 * place for messages. ARC_ENOTFOUND if the file does not exist; ARC_EWORLD when the base commit is
 * missing and cannot be fetched. */
int arc_project_read_trusted(struct arc_project *project, const char *path, size_t max,
                             struct arc_buf *out, char **from, struct arc_error *err);

/* As arc_project_read_trusted(), for a path from the command line, relative to the current
 * directory. A file outside the work tree, or a pipe, is read directly. */
int arc_project_read_given(struct arc_project *project, const char *path, size_t max,
                           struct arc_buf *out, char **from, struct arc_error *err);

/* Checks that the tag's commit is checked out, since configuration and services are read from the
 * work tree. In a workflow the tag must also exist, except in a rehearsal; otherwise images of any
 * branch could get its name. ARC_EINPUT says what to check out or push. Call arc_project_load()
 * first. */
int arc_project_check_tag(struct arc_project *project, bool rehearsal, struct arc_error *err);

/* If the tag exists, checks that configuration and services are as in its commit. Files that the
 * commit lacks are not compared: an older tag may be planned with a new configuration. ARC_EINPUT
 * names the files that differ. Call arc_project_load() first. */
int arc_project_check_config(struct arc_project *project, struct arc_error *err);

/* Appends the files of the group's configuration and services that differ from the project's commit
 * and are not `generated`: the first five, and how many more. Appends nothing if another commit is
 * checked out. ARC_ENOTFOUND without a repository. Call arc_project_load() first. */
int arc_project_dirty(struct arc_project *project, struct arc_buf *out, struct arc_error *err);

/* Reads the version from a service's version file at `commit`; *out, owned by the caller, is NULL
 * if the commit lacks the file or the value. */
int arc_project_version_at(struct arc_project *project, const struct arc_service *service,
                           const char *commit, char **out, struct arc_error *err);

void arc_project_free(struct arc_project *project);

ARC_API_END

#endif
