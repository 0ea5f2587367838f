#!/usr/bin/python3
"""Says for each library inside the released program whether a security release of it concerns us.

watch.py: asks GitHub for the releases, tags and published security advisories of each library's upstream. It ends with 1
where one concerns us, with 3 where none does as far as could be seen but something could not be asked or read, else with 0.
GITHUB_API_URL and GITHUB_TOKEN are used when they are set; with GITHUB_ACTIONS there are annotations as well."""
import http.client
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

import dist

UPSTREAM = {"libgit2": "libgit2/libgit2", "curl": "curl/curl", "zlib": "madler/zlib", "mimalloc": "microsoft/mimalloc",
            "jansson": "akheron/jansson", "libyaml": "yaml/libyaml", "mbedtls": "Mbed-TLS/mbedtls", "yajl": "lloyd/yajl"}
# Always reported as not watched.
ELSEWHERE = {"musl": "musl and zig are not released on GitHub: a person must look at musl.libc.org and ziglang.org"}
# "curl 8.23.0" or "mbedtls GHSA-…" that somebody reviewed -> why it does not affect us.
JUDGED = {}
PAGES, PATIENCE, LONGEST = 2, 30, 32 << 20
CONCERNS, UNKNOWN, NOTED, FINE = "concerns us", "unknown", "noted", "fine"
NAMES = re.compile(r"\bCVE-\d{4}-\d{4,9}\b|\bGHSA(?:-[0-9a-z]{4}){3}\b", re.ASCII | re.IGNORECASE)


class Unasked(Exception):
    """What could not be asked, or not be read."""


# ---- texts of others ------------------------------------------------------------------------------------------------

def visible(text, longest=160):
    """On one line, in ASCII, and no command of a runner, which looks for ##[ anywhere in a line."""
    text = str(text)[:longest].encode("ascii", "backslashreplace").decode()
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return text.replace("##", "#\\x23")


def annotation(level, title, text):
    for letter, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(letter, code)
    return f"::{level} title={title}::{text}"


# ---- versions -------------------------------------------------------------------------------------------------------

def version(tag, name=""):
    """v1.9.7, curl-8_22_0, mbedtls-3.6.6, 0.2.5 as a tuple; None for a prerelease, or what is no version of this library."""
    found = re.fullmatch(rf"(?:{re.escape(name)}[-_/])?v?(\d{{1,9}}(?:[._]\d{{1,9}}){{1,3}})", str(tag), re.ASCII | re.IGNORECASE)
    if not found:
        return None
    numbers = [int(part) for part in re.split("[._]", found[1])]
    return tuple(numbers + [0] * (3 - len(numbers)))


def shown(numbers):
    return ".".join(map(str, numbers))


HOLDS = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
         "=": lambda a, b: a == b}
PART = re.compile(r"(<=|>=|<|>|={0,2})\s*([A-Za-z]*[-_/]?v?\d[\w.]*)", re.ASCII)


def within(numbers, ranges, name):
    """Whether one of these intervals holds the version; None where they can't be read. "< 1.6.5, < 1.7.2" and
    ">= 1.0, < 1.2, >= 2.0, < 2.3" are two intervals each: when in doubt, the wider reading."""
    if not isinstance(ranges, str) or not ranges.strip() or len(ranges) > 500:
        return None
    if ranges.strip().lower() in ("*", "all", "all versions"):
        return True
    if re.sub(r"\band\b|\bor\b|[\s,;|&]", "", PART.sub("", ranges)):
        return None
    intervals, sides = [], ""
    for sign, text in PART.findall(ranges):
        bound, side = version(text, name), sign[:1] or "="
        if bound is None:
            return None
        if not intervals or side in sides or "=" in sides + side or "<" in sides:
            intervals.append([])
            sides = ""
        intervals[-1].append(HOLDS["=" if side == "=" else sign](numbers, bound))
        sides += side
    return any(all(interval) for interval in intervals)


def concerns(numbers, vulnerability, name):
    """Whether an advisory's entry holds the version; None where nobody can tell."""
    held = within(numbers, vulnerability.get("vulnerable_version_range"), name)
    if held is not None:
        return held
    patched = [version(part, name) for part in re.split(r"[\s,;|]+", str(vulnerability.get("patched_versions") or "").strip())]
    return False if patched and None not in patched and numbers >= max(patched) else None


# ---- what GitHub says -----------------------------------------------------------------------------------------------

class Stay(urllib.request.HTTPRedirectHandler):
    """A repository that moved is for a person to look at; the token goes nowhere else."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(Stay)


def ask(url):
    """One page, and whether GitHub has a next one."""
    request = urllib.request.Request(url, headers={"Accept": "application/vnd.github+json", "User-Agent": "arc-ci"})
    if os.environ.get("GITHUB_TOKEN"):
        request.add_unredirected_header("Authorization", f"Bearer {os.environ['GITHUB_TOKEN']}")
    try:
        with OPENER.open(request, timeout=PATIENCE) as answer:
            body = answer.read(LONGEST + 1)
            link = re.search(r'<([^<>]+)>; *rel="next"', answer.headers.get("Link") or "")
            if answer.length and len(body) <= LONGEST:
                raise Unasked(f"{url}: the answer ends early")
        if len(body) > LONGEST:
            raise Unasked(f"{url} has more than {LONGEST >> 20} MiB")
        rows = json.loads(body)
    except urllib.error.HTTPError as problem:
        raise Unasked(f"{url} answers {problem.code} {problem.reason}") from None
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as problem:
        raise Unasked(f"{url}: {problem}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unasked(f"{url} is no list of objects")
    return rows, link and link[1]


def ask_all(api, path):
    """The rows of up to PAGES pages, and whether there are more."""
    rows, url = [], f"{api}/repos/{path}{'&' if '?' in path else '?'}per_page=100"
    for _ in range(PAGES):
        page, url = ask(url)
        rows += page
        if not url:
            break
        if not url.startswith(f"{api}/"):
            raise Unasked(f"the next page is elsewhere: {url}")
    return rows, bool(url)


def read_releases(name, releases, tags):
    """Version -> what its notes say; a tag that is no release has none."""
    notes = {}
    for row in releases:
        number = version(row.get("tag_name"), name)
        if number and not row.get("prerelease") and not row.get("draft"):
            notes[number] = f"{notes.get(number, '')}{row.get('name') or ''}\n{row.get('body') or ''}".strip()
    passed_over = {version(row.get("tag_name"), name) for row in releases} - set(notes)
    for row in tags:
        number = version(row.get("name"), name)
        if number and number not in passed_over:
            notes.setdefault(number, "")
    return notes


def security(notes):
    """The names of what these notes say is mended: "" if nothing is."""
    names = sorted({found.upper() for found in NAMES.findall(notes)})
    return ", ".join(names[:5]) + " and more" * (len(names) > 5) or "security" * bool(re.search("security", notes, re.IGNORECASE))


def look_at_releases(name, inside, notes):
    """Rows of (status, text); those that are NOTED or FINE are information."""
    if not notes:
        return [(UNKNOWN, "none of its releases and tags is a version")]
    found = []
    for number in sorted(number for number in notes if number > inside):
        why = JUDGED.get(f"{name} {shown(number)}")
        ours, named = number[0] == inside[0], security(notes[number])
        if why:
            found.append((FINE, f"{shown(number)} does not concern us: {why}"))
        elif named and ours:
            found.append((CONCERNS, f"{shown(number)} is a security release ({named})"))
        elif named:
            found.append((NOTED, f"{shown(number)}, of another line, is a security release ({named})"))
        elif ours and not notes[number]:
            found.append((UNKNOWN, f"{shown(number)} is newer, without notes that could be read"))
    newest, ours = max(notes), max((number for number in notes if number[0] == inside[0]), default=inside)
    line = f", {shown(ours)} of our line" if newest[0] != ours[0] else ""
    return [(FINE, f"newest {shown(newest)}{line}"), *found]


def look_at_advisories(name, inside, advisories):
    found = []
    for row in advisories:
        if row.get("withdrawn_at") or row.get("state", "published") != "published":
            continue
        [identity, *_] = [*NAMES.findall(str(row.get("ghsa_id"))), "an advisory without a name"]
        entries = row.get("vulnerabilities")
        entries = entries if isinstance(entries, list) and entries else [{}]
        held = [concerns(inside, entry if isinstance(entry, dict) else {}, name) for entry in entries]
        why = JUDGED.get(f"{name} {identity}")
        if why and any(answer is not False for answer in held):
            found.append((FINE, f"{identity} does not concern us: {why}"))
        elif True in held:
            found.append((CONCERNS, f"{identity} holds {shown(inside)}: {visible(row.get('summary'))}"))
        elif None in held:
            found.append((UNKNOWN, f"{identity} has a range of versions that can't be read: {visible(row.get('summary'))}"))
    return found


def look(api, name, told):
    """All that there is to say about one library: rows of (status, text)."""
    inside = version(told)
    if name not in UPSTREAM or not inside:
        return [(UNKNOWN, f"packaging/watch.py does not know where {name} {told} comes from")]
    found = []
    try:
        (releases, more), (tags, _) = (ask_all(api, f"{UPSTREAM[name]}/{kind}") for kind in ("releases", "tags"))
        found += look_at_releases(name, inside, read_releases(name, releases, tags))
        found += [(FINE, f"there are more than {len(releases)} releases, older ones were not read")] * more
    except Unasked as problem:
        found.append((UNKNOWN, f"could not ask: {visible(problem)}"))
    try:
        advisories, more = ask_all(api, f"{UPSTREAM[name]}/security-advisories?state=published")
        found += look_at_advisories(name, inside, advisories)
        found += [(FINE, f"there are more than {len(advisories)} advisories, older ones were not read")] * more
    except Unasked as problem:
        found.append((UNKNOWN, f"could not ask: {visible(problem)}"))
    return found


def address():
    api = (os.environ.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/")
    parts = urllib.parse.urlsplit(api)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname == "127.0.0.1"):
        raise Unasked(f"GITHUB_API_URL is no https address: {visible(api)}")
    return api


def tell(name, told, level, text):
    line = f"{name} {told}: {text}"
    print(line.encode("ascii", "backslashreplace").decode())
    if level and os.environ.get("GITHUB_ACTIONS"):
        print(annotation(level, name, line.encode("ascii", "backslashreplace").decode()))


def main():
    api, worst = address(), set()
    for name, told in sorted(dist.inside().items()):
        if name in ELSEWHERE:
            tell(name, told, "warning", f"not watched: {ELSEWHERE[name]}")
            continue
        found = look(api, name, told)
        statuses = {status for status, _ in found}
        worst |= statuses
        word = "SECURITY: " if CONCERNS in statuses else "NOT KNOWN: " if UNKNOWN in statuses else ""
        level = "error" if statuses & {CONCERNS, UNKNOWN} else "warning" if NOTED in statuses else None
        tell(name, told, level, word + "; ".join(text for _, text in found))
    return 1 if CONCERNS in worst else 3 if UNKNOWN in worst else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as problem:  # Python's own status for it, 1, means something else here
        print(f"watch.py: {type(problem).__name__}: {visible(problem)}", file=sys.stderr)
        sys.exit(3)
