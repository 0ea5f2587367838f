#include "os/fault.h"
#include "base/text.h"

/* GitHub's limit on bursts; its registry gives it as a missing permission. */
#define SECONDARY "secondary rate limit"

/* Whether a line names an HTTP status that may be another one next time: 408, 429, 5xx. Of the
 * words before it, only "status" (BuildKit, containerd, cosign), "HTTP" (the engine), "response"
 * (BuildKit's cache) and "returned" (git) are always the same; "exit status 1" names none. */
static bool names_passing_status(const char *text)
{
    bool answered = false;

    arc_each_piece (word, text, " \n") {
        const char *code = word.text + strspn(word.text, "(");
        size_t digits = strspn(code, "0123456789");
        if (answered && digits == 3 &&
            (*code == '5' || strncmp(code, "408", 3) == 0 || strncmp(code, "429", 3) == 0))
            return true;

        answered =
            (answered && !digits) || ARC_STARTS(code, "status", "HTTP", "response", "returned");
        if (word.text[word.len] == '\n')
            answered = false;
    }

    return false;
}

bool arc_fault_passes(const char *text)
{
    return names_passing_status(text) ||
           ARC_HOLDS(text, "connection reset by peer", "connection refused", "i/o timeout",
                     "TLS handshake timeout", "unexpected EOF", "toomanyrequests",
                     "TOOMANYREQUESTS", SECONDARY, "context deadline exceeded",
                     "failed to copy: ", "http2: ", "no route to host", "network is unreachable",
                     "connection timed out", "dial tcp: lookup ",
                     "Temporary failure in name resolution", "Could not resolve host", ": EOF",
                     "broken pipe", "Client.Timeout exceeded",
                     "timed out waiting for buildkit to boot", "unknown blob",
                     "blob upload unknown", "use of closed network connection", "closed pipe",
                     "stream error: ", "client disconnected", "connection is closing",
                     "no response", "RST_STREAM", "code = Unavailable", "unexpected commit size",
                     "unexpected commit digest", "][50", "][429]", "getLogEntryByUuidNotFound",
                     "createLogEntryConflict", "resource temporarily unavailable");
}

int64_t arc_fault_wait(const char *text, unsigned attempt)
{
    if (strstr(text, SECONDARY))
        return (int64_t)60000 << ARC_MIN(attempt - 1, 2);
    return (int64_t)1000 << attempt;
}

const char *arc_fault_text(const char *text, const char *const *prefaces)
{
    const char *found = NULL, *last = text;

    arc_each_piece (line, text, "\n") {
        for (const char *const *preface = prefaces; *preface; preface++)
            found = arc_or(arc_text_after(line.text, *preface), found);
        if (line.len)
            last = line.text;
    }

    return arc_or(found, last);
}
