/* What the reports of a scan hold, compactly: 200,000 findings take tens of megabytes. Internal to
 * the scan stage. */
#pragma once

#include "arcci/scan.h"

/* Most findings that are kept, most scanned targets, and most of one service (a bit of
 * finding.targets each): a release group of 1,000 services on two platforms is one scan. */
#define FINDINGS_MAX        2000000
#define TARGETS_MAX         4096
#define SERVICE_TARGETS_MAX 64

enum finding_kind { VULNERABILITY, MISCONFIGURATION, SECRET, LICENSE };

/* One weakness of one package or file; the same in several targets of a service is one finding, but
 * two at one place of one target are two. Strings are the pool's, never NULL. */
struct finding {
    const char *id;      /* of its rule: "CVE-2024-1234" */
    const char *service; /* "" when none was named */
    const char *place; /* where in the target: "app/package-lock.json", "debian" for OS packages */
    const char *package;   /* "" for misconfigurations and secrets */
    const char *installed; /* version */
    const char *fixed;     /* versions with the fix, "" while there is none */
    const char *resource;  /* what is misconfigured: "aws_s3_bucket.this[\"a\"]"; or "" */
    const char *message;   /* what is wrong here, in a sentence; or "" */
    uint64_t targets;      /* bit i: found in the service's i-th target */
    unsigned first;        /* index of the service's first target */
    unsigned rule;         /* index into findings.rules */
    unsigned result;       /* index into findings.results */
    unsigned line;         /* in the file, from 1; 0 when unknown */
    unsigned offset;       /* of a secret in its file, in bytes; 0 when unknown */
    unsigned char severity;
    unsigned char kind;
    bool fresh; /* not in the baseline */
};

/* What a CVE, a check or a secret's pattern is; shared by its findings. */
struct scan_rule {
    const char *id;         /* "CVE-2024-1234"; the pool's */
    const char *alias;      /* a second id that ignore files may use, or ""; the pool's */
    char *title;            /* owned, or NULL */
    char *description;      /* owned, shortened, or NULL */
    char *url;              /* owned, or NULL */
    double score;           /* highest CVSS 3 (or 4, or 2) score, 0 when none */
    unsigned char severity; /* the highest of its findings */
    unsigned char kind;
};

/* An element of Results. */
struct scan_result {
    const char *target; /* "ghcr.io/x/arc-flash:1 (alpine 3.20.1)" or a path; the pool's */
    const char *class;  /* "os-pkgs", "lang-pkgs", "config", "secret", … */
    const char *type;   /* "alpine", "npm", "dockerfile", … */
};

/* One report: a file system, or an image on one platform. */
struct scan_target {
    const char *service;                 /* the pool's; "" when none was named */
    const char *platform;                /* "linux/amd64", or "" */
    const char *report;                  /* the file, for messages */
    const char *image_os, *architecture; /* of the image that was looked at, or "" */
    const char *artifact;                /* what the scanner says it looked at */
    const char *kind;                    /* "container_image", "filesystem", … */
    const char *os;                      /* "alpine 3.20.1", or "" */
    const char *scanner;                 /* its version, or "" */
    const char *created;                 /* when the report was made, RFC 3339, or "" */
    const char *prefix;   /* of the paths in it, "services"; "" for an image or the root */
    const char *hollow;   /* a result that lists no package at all; NULL for none */
    char *error;          /* owned: why nothing can be said about it; NULL when it was read */
    unsigned first, next; /* targets of its service: index of the first; 1 + that of the next */
    unsigned bit;         /* which of them it is, from 0 */
    size_t results;       /* elements of Results */
    size_t suppressed;    /* findings that the scanner left out for a VEX document or a policy */
    size_t counts[ARC_SEVERITIES];
    bool end_of_life;    /* the operating system gets no advisories any more */
    bool has_os;         /* an operating system was recognised */
    bool os_result;      /* there is a result for its packages */
    bool os_listed;      /* and packages or vulnerabilities in it */
    bool lists_packages; /* a result has a list of packages, be it empty */
    bool only_elsewhere; /* every result is about secrets, settings or licences */
    bool ours;           /* from a scan of this run: what it was to look for is known */
};

struct findings {
    json_t *pool;    /* every string, as a key of an object: jansson's hash table does the rest */
    json_t *rule_of; /* id → index into rules */
    struct finding *list;
    size_t count;
    struct scan_rule *rules;
    size_t rule_count;
    struct scan_result *results;
    size_t result_count;
    json_t *first_of; /* service → index of its first target */
    struct scan_target *targets;
    size_t target_count;
};

int findings_init(struct findings *findings, struct arc_error *err);
void findings_free(struct findings *findings);

/* The pool's copy of `text` ("" for NULL); NULL when out of memory. */
const char *findings_string(struct findings *findings, const char *text);

/* Adds a target (its strings are pooled). ARC_ELIMIT beyond TARGETS_MAX or SERVICE_TARGETS_MAX. */
int findings_add_target(struct findings *findings, const char *service, const char *platform,
                        const char *report, struct arc_error *err);

/* Whether a target is a folder, not an image. */
bool findings_is_folder(const struct scan_target *target);

/* Keeps in a target why nothing can be said about it; only out of memory is passed on. */
int findings_target_error(struct findings *findings, size_t target, const struct arc_error *problem,
                          struct arc_error *err);

/* The next target that a finding was found in, `after` being the last one; NULL: start, or none. */
const struct scan_target *findings_next_target(const struct findings *findings,
                                               const struct finding *finding,
                                               const struct scan_target *after);

/* Adds a finding, a result; *rule is the index of the rule of that id, made when new. */
int findings_add(struct findings *findings, const struct finding *finding, struct arc_error *err);
int findings_add_result(struct findings *findings, struct arc_error *err);
int findings_rule(struct findings *findings, const char *id, unsigned *rule, bool *made,
                  struct arc_error *err);

/* Sets `place` from the results, and joins findings that are the same but for the target. */
int findings_join(struct findings *findings, struct arc_error *err);

/* Counts each target's findings; sorts: worst first, then by service, id, package, place. */
void findings_sort(struct findings *findings);

/* A text that names the weakness whatever the run, the image's tag, or the installed version:
 * kind, id, service, package, place. Appended to *out. */
void findings_identity(const struct finding *finding, struct arc_buf *out);

/* Reads a Trivy report (JSON, schema 1 or 2) into a target. Whatever keeps it from being read whole
 * and understood is an error, since a gate may rest on it; a file of another format is named. */
int scan_report_file(struct findings *findings, size_t target, const char *path,
                     struct arc_error *err);
int scan_report_text(struct findings *findings, size_t target, const char *text, size_t len,
                     struct arc_error *err);
