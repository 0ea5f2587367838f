/* The findings of a scan in compact form: 200,000 take tens of megabytes. Internal to the scan
 * stage. */
#pragma once

#include "arcci/scan.h"

/* Limits of findings, of targets, and of targets per service (a bit in finding.targets each): a
 * release group of 1,000 services on two platforms is one scan. */
#define FINDINGS_MAX        2000000
#define TARGETS_MAX         4096
#define SERVICE_TARGETS_MAX 64

enum finding_kind { VULNERABILITY, MISCONFIGURATION, SECRET, LICENSE };

/* A weakness of a package or file. The same in several targets of a service is one finding; two at
 * one place of a target are two. Strings belong to the pool and are never NULL. */
struct finding {
    const char *id;      /* of its rule: "CVE-2024-1234" */
    const char *service; /* "": not named */
    const char *place; /* where in the target: "app/package-lock.json", "debian" for OS packages */
    const char *package;   /* "" for misconfigurations and secrets */
    const char *installed; /* version */
    const char *fixed;     /* versions with the fix; "": none yet */
    const char *resource;  /* what is misconfigured: "aws_s3_bucket.this[\"a\"]"; or "" */
    const char *message;   /* what is wrong here, in a sentence; or "" */
    uint64_t targets;      /* bit i: found in the service's i-th target */
    unsigned first;        /* index of the service's first target */
    unsigned rule;         /* index into findings.rules */
    unsigned result;       /* index into findings.results */
    unsigned line;         /* in the file, from 1; 0: unknown */
    unsigned offset;       /* of a secret in its file, in bytes; 0: unknown */
    unsigned char severity;
    unsigned char kind;
    bool fresh; /* not in the baseline */
};

/* A CVE, a check, or a secret's pattern; shared by its findings. */
struct scan_rule {
    const char *id;          /* "CVE-2024-1234"; the pool's */
    const char *alias;       /* a second id that ignore files may use, or ""; the pool's */
    const char *title;       /* or ""; the pool's, as the next two */
    const char *description; /* shortened, or "" */
    const char *url;         /* or NULL */
    double score;            /* highest CVSS score (3, else 4, else 2); 0: none */
    unsigned char severity;  /* the highest of its findings */
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
    const char *service;                 /* the pool's; "": not named */
    const char *platform;                /* "linux/amd64", or "" */
    const char *report;                  /* the file, for messages */
    const char *image_os, *architecture; /* of the scanned image, or "" */
    const char *artifact;                /* what was scanned, according to the scanner */
    const char *kind;                    /* "container_image", "filesystem", … */
    const char *os;                      /* "alpine 3.20.1", or "" */
    const char *scanner;                 /* its version, or "" */
    const char *created;                 /* when the report was made, RFC 3339, or "" */
    const char *prefix;   /* prefix of its paths, "services"; "" for an image or the root */
    const char *hollow;   /* a result that lists no package at all; NULL for none */
    const char *error;    /* the pool's: why it has no result; NULL: it was read */
    unsigned first, next; /* index of its service's first target; 1 + index of the next one */
    unsigned bit;         /* its number among them, from 0 */
    size_t results;       /* elements of Results */
    size_t suppressed;    /* findings dropped by the scanner for a VEX document or a policy */
    size_t counts[ARC_SEVERITIES];
    bool end_of_life;    /* the operating system is past its end of life */
    bool has_os;         /* an operating system was recognised */
    bool os_result;      /* it has a result for its packages */
    bool os_listed;      /* which contains packages or vulnerabilities */
    bool lists_packages; /* a result has a list of packages, possibly empty */
    bool only_elsewhere; /* every result is about secrets, settings or licenses */
    bool ours;           /* scanned in this run, so the settings are known */
};

/* Zeroed, it has none. */
struct findings {
    json_t *pool; /* all strings, as keys of an object, for jansson's hash table; the value of a
                     rule's id is its index into `rules` */
    bool failed;  /* memory ran out */
    struct finding *list;
    size_t count;
    struct scan_rule *rules;
    size_t rule_count;
    struct scan_result *results;
    size_t result_count;
    struct scan_target *targets;
    size_t target_count;
};

void findings_free(struct findings *findings);

/* The pool's copy of `text` ("" for NULL); "" when out of memory, which `findings->failed` keeps. */
const char *findings_string(struct findings *findings, const char *text);

/* Adds a target (its strings are pooled). ARC_ELIMIT beyond TARGETS_MAX or SERVICE_TARGETS_MAX. */
int findings_add_target(struct findings *findings, const char *service, const char *platform,
                        const char *report, struct arc_error *err);

/* Whether a target is a folder, not an image. */
bool findings_is_folder(const struct scan_target *target);

/* Records in a target why it has no result; only ARC_ENOMEM is passed on. */
int findings_target_error(struct findings *findings, size_t target, const struct arc_error *problem,
                          struct arc_error *err);

/* The next target of a finding after `after` (NULL: the first); NULL: none. */
const struct scan_target *findings_next_target(const struct findings *findings,
                                               const struct finding *finding,
                                               const struct scan_target *after);

/* Sets `place` from the results, and joins findings that differ only in the target. */
int findings_join(struct findings *findings, struct arc_error *err);

/* Counts each target's findings; sorts: worst first, then by service, id, package, place. */
void findings_sort(struct findings *findings);

/* Sets *out to the identity of a weakness, independent of the run, the image's tag and the installed
 * version: kind, id, service, package, place. */
void findings_identity(const struct finding *finding, struct arc_buf *out);

/* Reads a Trivy report (JSON, schema 1 or 2) into a target. Anything that is not fully understood
 * is an error, since a gate may depend on it; an error names the format of another kind of file. */
int scan_report_file(struct findings *findings, size_t target, const char *path,
                     struct arc_error *err);
