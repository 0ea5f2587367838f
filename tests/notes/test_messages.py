"""What a message says of its commit, for the notes and for the next version alike: what it takes back, what breaks, who is new."""
import json
import pathlib
import subprocess
import sys

import pytest

from test_many_groups import ARC_CI, ENV, git, put

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from usage import spent  # noqa: E402


@pytest.fixture
def clone(tmp_path):
    put(tmp_path, ".github/arc-ci.yaml", "groups: {g: {registry: ghcr.io/o, services: [s], image-tags: ['{version}']}}\n")
    put(tmp_path, "s/service.yaml", "name: s\ncodename: s\n")
    put(tmp_path, "s/Dockerfile", "FROM scratch\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "remote", "add", "origin", "https://github.com/o/r.git")
    commit(tmp_path, "feat: released")
    git(tmp_path, "tag", "g/v1.0.0")
    return tmp_path


def head(clone):
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=clone, env=ENV, text=True).strip()


def commit(clone, message, *options):
    put(clone, "s/a", message)
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "--cleanup=verbatim", "-m", message, *options)
    return head(clone)


def bump(clone):
    run = subprocess.run([ARC_CI, "version", "--next", "g", "--json"], cwd=clone, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)["bump"]


def changes(clone):
    git(clone, "tag", "g/v9.0.0")
    run = subprocess.run([ARC_CI, "notes", "g/v9.0.0"], cwd=clone, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.split("### Changes", 1)[1]


def merge(clone):
    """A pull request that was merged; its merge."""
    git(clone, "checkout", "-q", "-b", "topic")
    commit(clone, "feat: big")
    commit(clone, "feat!: bigger")
    git(clone, "checkout", "-q", "main")
    git(clone, "merge", "-q", "--no-ff", "topic", "-m", "Merge pull request #7 from o/topic\n\nAdd big")
    return head(clone)


@pytest.mark.parametrize("body", ["This reverts commit {name}.", "This reverts commit {short} (feat: big, 2026-01-31).", "Reverts o/r#7",
                                  "Reverts #7.", "Reverts GH-7", "Reverts https://github.com/o/r/pull/7\r\n", "Reverts before-it-moved/r#7"])
def test_a_revert_takes_back(clone, body):
    name = commit(clone, "feat: big (#7)")
    commit(clone, 'Revert "feat: big" (#8)\n\n' + body.format(name=name, short=name[:9]))
    assert bump(clone) == "none"
    assert "big" not in changes(clone)


@pytest.mark.parametrize("subjects, left, listed", [
    (["feat: big (#7)", 'Revert "feat: big" (#8)'], "none", 0),         # GitHub's, where a squash takes the title alone
    (["feat: big (#7)", 'Revert "feat: big (#7)" (#8)'], "none", 0),
    (["feat: big", 'Revert "feat: big"'], "none", 0),
    (["feat: big", "revert: feat: big"], "none", 0),
    (["feat: big (#7)", 'Revert "feat: big" (#8)', 'Reapply "feat: big" (#9)'], "minor", 1),
    (["feat: big", 'Revert "feat: big"', 'Revert "Revert "feat: big""'], "minor", 1),
    (["feat: big", 'Revert "feat: big"', "feat: big"], "minor", 1),      # landed again
    (["feat: big", "fix: x", "feat: big", 'Revert "feat: big"'], "minor", 1),    # one of the two
    (['Revert "feat: released"'], "patch", 0),
    (["feat: big", 'Revert "feat: bi"', 'Revert "feat: big', "Revert", 'Revert ""'], "minor", 2)])
def test_a_revert_by_its_subject_alone(clone, subjects, left, listed):
    for subject in subjects:
        commit(clone, subject)
    assert bump(clone) == left
    assert changes(clone).count("feat: big") == listed


@pytest.mark.parametrize("body", ["This reverts commit {name}, reversing\nchanges made to 1234567.", "Reverts o/r#7"])
def test_a_revert_of_a_merge_takes_back_what_it_merged(clone, body):
    commit(clone, "Go back\n", "--allow-empty")
    name = merge(clone)
    commit(clone, 'Revert "Add big" (#8)\n\n' + body.format(name=name))
    assert bump(clone) == "patch"  # of the first
    assert "big" not in changes(clone)


@pytest.mark.parametrize("body", ["This reverts commit {one}.\nThis reverts commit {two}.", "This reverts commits {one} and\n{two}.",
                                  "This reverts commits {one:.8},\n{two:.8}", "They broke it.\n\nRefs: {one:.7}, {two:.7}\nReviewed-by: Z"])
def test_a_revert_of_several(clone, body):
    one, two = commit(clone, "feat: big"), commit(clone, "feat: bigger")
    commit(clone, "revert: both\n\n" + body.format(one=one, two=two))
    assert bump(clone) == "none"
    assert "No commit touched" in changes(clone)


def test_a_revert_that_takes_back_what_is_released_too(clone):
    released, one = head(clone), commit(clone, "feat: big")
    commit(clone, f"revert: both\n\nThis reverts commit {released}.\nThis reverts commit {one}.")
    assert bump(clone) == "patch"
    text = changes(clone)
    assert "revert: both" in text and "big" not in text


@pytest.mark.parametrize("body", ["This reverts the port to 80.", "This reverts commit abc.", "Reverts to 12", "Reverts o/r#0123456789", "Reverts -",
                                  "Reverts ABC-12", "Reverts fix/12", "Reverts CVE-2024-12.", "Refs: #12", "See Refs: {name}",
                                  "Refs: {name}x"])
def test_what_takes_back_nothing(clone, body):
    name = commit(clone, "feat: big (#12)")
    commit(clone, "revert: a port\n\n" + body.format(name=name))
    assert bump(clone) == "minor"
    assert "big" in changes(clone)


@pytest.mark.parametrize("line, left", [("Reverts #9", "major"), ("This reverts commit {name}.", "none")])
def test_a_message_of_very_many_reverts(clone, line, left):
    name = merge(clone)
    put(clone, "s/a", "")
    put(clone, ".git/message", "revert: all\n\n" + f"{line}\n".format(name=name) * 200000)
    git(clone, "commit", "-q", "-a", "-F", ".git/message")
    before = spent()
    assert bump(clone) == left and spent() - before < 3


def test_very_many_merges_and_their_reverts(clone):
    """Each merge's commits are listed; of one day, so that no date ends a walk."""
    stream, tip, count = [], head(clone), 1500
    for i in range(2 * count):
        who, title = f"committer a <a@example.org> {1700000000 + i} +0000", f"Merge pull request #{i + 1} from o/{i}\n\nfeat: {i}"
        if i < count:
            stream += [f"commit refs/heads/topic\nmark :{i + 1}\n{who}\ndata 3\nwip\nfrom {tip}\nM 644 inline s/a\ndata <<E\n{i}\nE\n"]
        text = title if i < count else f'Revert "feat: {i}"\n\nReverts o/r#{i - count + 1}'
        stream += [f"commit refs/heads/main\nmark :{count + i + 1}\n{who}\ndata {len(text)}\n{text}\nfrom {tip}\n"]
        stream += [f"merge :{i + 1}\n"] * (i < count) + [f"M 644 inline s/a\ndata <<E\n{i}\nE\n"]
        tip = f":{count + i + 1}"
        if i == count - 1:
            stream += [f"reset refs/tags/g/v9.0.0\nfrom {tip}\n"]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=clone, env=ENV, input="".join(stream), text=True, check=True)
    before = spent()
    run = subprocess.run([ARC_CI, "notes", "g/v9.0.0"], cwd=clone, env=ENV, capture_output=True, text=True)
    assert f"- feat: {count - 1} ([#{count}]" in run.stdout and "wip" not in run.stdout and spent() - before < 2
    git(clone, "tag", "-d", "g/v9.0.0")
    git(clone, "reset", "-q", "--hard")
    assert bump(clone) == "none" and spent() - before < 4


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_footer_below_a_long_text(clone, end):
    text = "A line of a pull request's description, as it was squashed.\n" * 500
    commit(clone, f"feat: big (#7)\n\n{text}\nBREAKING CHANGE: another port\n\nCo-authored-by: x <x@example.org>\n".replace("\n", end))
    assert bump(clone) == "major"
    shown = changes(clone)
    assert "#### Breaking changes\n\n- feat: big ([#7]" in shown and "\n  another port\n" in shown


@pytest.mark.parametrize("encoding, shown", [("ISO-8859-1", "café – Müller,"), ("latin1", "café – Müller,"), ("KOI8-R", "caf\\\\xe9 – M\\\\xfcller,")])
def test_a_message_in_another_encoding(clone, encoding, shown):
    (clone / ".git/message").write_bytes(b"feat: caf\xe9\n\nBREAKING CHANGE: \xfcber\n")
    put(clone, "s/a", "x")
    git(clone, "add", "-A")
    subprocess.run(["git", "-c", f"i18n.commitEncoding={encoding}", "commit", "-q", "-F", ".git/message", "--author", b"M\xfcller <m@example.org>"],
                   cwd=clone, env=ENV, check=True)
    said = changes(clone)
    assert f"- feat: {shown}" in said and ("über" in said) == ("café" in said)


def join(clone, message, *subjects):
    git(clone, "checkout", "-q", "-b", "topic")
    for subject in subjects:
        commit(clone, subject)
    git(clone, "checkout", "-q", "main")
    git(clone, "merge", "-q", "--no-ff", "topic", "-m", message)
    git(clone, "branch", "-q", "-D", "topic")


@pytest.mark.parametrize("message, subjects, shown", [
    ("feat: retries (#7)", ["wip", "more"], "- feat: retries ([#7]"), ("Add retries (#7)\n\nAt last.", ["feat: a", "fix: b"], "- Add retries ([#7]"),
    ("Merge branch 'x' (#7)", ["feat: a", "fix: b"], "- feat: a –"), ("Merge pull request #7 from o/topic", ["feat: alone"], "- feat: alone ([#7]"),
    ("Merge pull request #7 from o/topic\n\nAdd\n\nBREAKING CHANGE: the port", ["feat: a", "fix: b"], "\n  the port\n"),
    ("feat!: add (#7)\n\nBREAKING CHANGE: the port", ["feat: a\n\nBREAKING CHANGE: the port"], "\n  the port\n"),
    ("feat!: add (#7)\n\nBREAKING CHANGE: the port", ["fix: a\n\nBREAKING CHANGE: b"], "\n  b; the port\n"),
    ("Merge branch 'topic' into 'main'\n\nfeat: retries\n\nSee merge request g/p!7", ["wip", "more"], "Features\n\n- feat: retries –"),  # GitLab
    ("feat: retries\n\nWhy.\n\nSee merge request g/p!7", ["wip", "more"], "Features\n\n- feat: retries –"),  # … by a template of one's own
    ("Merged in topic (pull request #7)\n\nfeat: retries", ["wip", "more"], "Features\n\n- feat: retries –"),  # Bitbucket
    ("Pull request #7: feat: retries\n\nMerge in P/r from topic to main", ["wip", "more"], ": feat: retries –"),  # … Server
    ("Merged PR 7: feat: retries", ["wip", "more"], "- Merged PR 7: feat: retries –"),  # Azure DevOps
    ("Merge pull request 'feat: retries' (#7) from topic into main", ["wip", "more"], "- Merge pull request 'feat: retries' (["),  # Gitea
    ("Merge branch 'develop'\n\nchore: release", ["feat: a", "fix: b"], "- feat: a –"), ("chore: release", ["feat: a", "fix: b"], "- feat: a –")])
def test_a_merge_is_its_pull_request_however_it_is_named(clone, message, subjects, shown):
    join(clone, message, *subjects)
    said = changes(clone)
    assert shown in said and "- wip –" not in said


def test_a_merge_within_another_stays_an_entry(clone):
    git(clone, "checkout", "-q", "-b", "develop")
    for branch, into, subject in ("topic", "develop", "feat: within"), ("develop", "main", "chore: around"):
        git(clone, "checkout", "-q", "-B", branch)
        commit(clone, f"wip on {branch}")
        git(clone, "checkout", "-q", into)
        git(clone, "merge", "-q", "--no-ff", branch, "-m", f"Merge branch '{branch}' into '{into}'\n\n{subject}\n\nSee merge request g/p!7")
    said = changes(clone)
    assert "- feat: within –" in said and "- chore: around –" in said and "wip" not in said


def test_a_commit_that_mentions_a_merge_request_is_part_of_its_own(clone):
    join(clone, "Merge pull request #9 from o/topic\n\nTitle", "fix: a\n\nSee merge request g/p!7, too", "wip")
    assert "- Title ([#9]" in changes(clone)


@pytest.mark.parametrize("one, two, around", [
    ("feat: a (#7)", "fix: b (#8)", "Merge pull request #9 from o/develop\n\nRelease"),
    ("Merged PR 7: feat: a", "Merged PR 8: fix: b", "Merged PR 9: Release")])
def test_squashed_pull_requests_within_a_merge_stay_entries(clone, one, two, around):
    join(clone, around, one, two)
    said = changes(clone)
    assert "feat: a" in said and "fix: b" in said and "Release" not in said


@pytest.mark.parametrize("picked", ["to the release", "from it"])
def test_what_was_picked_for_the_last_release_is_listed_once(clone, picked):
    git(clone, "checkout", "-q", "-b", "release")
    for branch, message in ("main", "feat: new"), ("release", "fix: its own"):
        git(clone, "checkout", "-q", branch)
        put(clone, f"s/{branch}", message)
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "-m", message)
    first, second = ("main", "release") if picked == "to the release" else ("release", "main")
    git(clone, "checkout", "-q", first)
    put(clone, "s/hot", "1")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "fix: hot (#30)", "--date", "2026-01-05T10:00:00Z")
    git(clone, "checkout", "-q", second)
    git(clone, "cherry-pick", "-x", first)
    git(clone, "tag", "g/v1.0.1", "release")
    git(clone, "checkout", "-q", "main")
    shown = changes(clone)
    assert "since `g/v1.0.1`" in shown and "- feat: new" in shown and "fix: " not in shown


def test_what_was_picked_long_before_the_last_release_is_listed_once(clone):
    put(clone, "s/hot", "1")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "fix: hot (#30)", "--date", "2026-01-05T10:00:00Z")
    git(clone, "checkout", "-q", "-b", "release", "HEAD~1")
    commit(clone, "fix: its own")
    git(clone, "cherry-pick", "main")
    text = "".join(f"commit refs/heads/release\ncommitter A <a@x> {1771840800 + k} +0000\ndata 1\nx\n{'from refs/heads/release^0' if not k else ''}\n"
                   for k in range(1001))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=clone, env=ENV, input=text, text=True, check=True)
    git(clone, "tag", "g/v1.0.1", "release")
    git(clone, "checkout", "-q", "-f", "main")
    commit(clone, "feat: new")
    shown = changes(clone)
    assert "since `g/v1.0.1`" in shown and "- feat: new" in shown and "fix: " not in shown


@pytest.mark.parametrize("reverts, again, listed", [(0, False, False), (1, False, True), (1, True, False), (2, False, False), (3, False, True)])
@pytest.mark.parametrize("by", ["name", "abbreviation", "number"])
@pytest.mark.parametrize("too", [False, True])
def test_what_the_last_release_took_back_is_new(clone, reverts, again, listed, by, too):
    put(clone, "s/hot", "1")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "fix: hot (#30)", "--date", "2026-01-05T10:00:00Z")
    git(clone, "checkout", "-q", "-b", "release", "HEAD~1")
    put(clone, "s/b", "1")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "fix: its own")
    git(clone, "cherry-pick", "main")
    for count in range(reverts):
        git(clone, "revert", "--no-edit", "HEAD")
        if by == "number":
            git(clone, "commit", "-q", "--amend", "-m", f'Revert "x" (#{31 + count})\n\nReverts o/r#{30 + count}')
        if by == "abbreviation":    # revert.reference
            name = subprocess.check_output(["git", "rev-parse", "--short=8", "HEAD~1"], cwd=clone, env=ENV, text=True).strip()
            git(clone, "commit", "-q", "--amend", "-m", f"Revert {count}\n\nThis reverts commit {name} (x, 2026-01-05).")
    git(clone, "tag", "g/v1.0.1")
    if again:
        git(clone, "cherry-pick", "main")
        git(clone, "tag", "-f", "g/v1.0.1")
    git(clone, "checkout", "-q", "main")
    if too and reverts:    # picked from there
        git(clone, "cherry-pick", *[f"g/v1.0.1~{reverts - 1 - count + again}" for count in range(reverts)])
    commit(clone, "feat: new")
    shown = changes(clone)
    assert "- feat: new" in shown and ("- fix: hot" in shown) == (listed and not too), shown


@pytest.mark.parametrize("words", ["BREAKING CHANGE:", "* BREAKING-CHANGE:", "- BREAKING CHANGES:", "**BREAKING CHANGE:**", "**BREAKING CHANGE**:"])
def test_a_break_in_bold(clone, words):
    commit(clone, f"feat: x\n\n{words} another port\n")
    assert bump(clone) == "major" and "\n  another port\n" in changes(clone)


QUOTES = ["<details>\n<summary>notes</summary>\n\n{}\n\n</details>", "<details><details>\n</details>\n{}\n</details>", "```\n{}\n```", "  ~~~ text\n{}\n~~~",
          "````\n```yaml\na: 1\n```\n{}\n````\n\n```\nb\n```", "```\n~~~\n{}\n~~~\n```", "~~~\n```\n{}\n```\n~~~~ ", "```\na\n```b\n{}\n```", "<!-- Template:\n<details>\n```\n{}\n-->",
          "<details>\n<!-- a\n</details>\n\n<!--\n{}\n--> -->"]


@pytest.mark.parametrize("quote", QUOTES)
@pytest.mark.parametrize("said", ["BREAKING CHANGE: of another project", "* feat!: of another project"])
def test_what_a_body_quotes_it_does_not_say(clone, quote, said):
    commit(clone, "chore(deps): raise x (#7)\n\nThis raises x.\n\n" + quote.format(said))
    assert bump(clone) == "patch" and "#### Other changes\n\n- chore(deps): raise x ([#7]" in changes(clone)


@pytest.mark.parametrize("before", ["<details>log</details>\n```one``` is what it was", "Put it into <details>.", "<details>\nis how it begins", "```\nopen",
                                    "```\n<details>\n```", "~~~\n</details>\n~~~\n", "<!-- one -->", "<!-- open", "```\n<!--\n```\n"])
def test_what_stands_behind_a_quote_is_said(clone, before):
    commit(clone, f"fix: x (#7)\n\n{before}\n\nBREAKING CHANGE: two\n")
    assert bump(clone) == "major" and "\n  two\n" in changes(clone)


def test_a_footer_may_hold_a_fence(clone):
    commit(clone, "fix: x\n\nBREAKING CHANGE: as in\n```\na\n\nBREAKING CHANGE: quoted\n```\n\nBREAKING CHANGE: two\n```\nb\n```\n")
    shown = changes(clone)
    assert "as in" in shown and "; two" in shown and "quoted" not in shown


@pytest.mark.parametrize("title, body, asked, section", [
    ("Rework (#7)", "* feat: a\n\nWhy.\n\n* fix: b", "minor", "Features"), ("fix: rework (#7)", "* feat: a\n* perf: b", "minor", "Features"),
    ("perf: rework (#7)", "* fix: a", "patch", "Performance"), ("fix: rework (#7)", "* feat(a)!: b\n* docs: c", "major", "Breaking changes"),
    ("docs: rework (#7)", "* docs: a\n* fix: b", "patch", "Fixes"), ("docs: rework (#7)", "* docs: a\n* add b", "none", "Other changes"),
    ("fix: rework (#7)", "* feat!: a\n* feat!: b\n* Revert \"feat!: b\"\n* Revert \"feat!: a\"", "patch", "Fixes"),
    ("Squashed commit of the following:", "commit 1234567\nAuthor: A <a@b>\n\n    feat!: a\n\ncommit 1234568\nAuthor: A <a@b>\n\n    fix: b\n    * feat: c",
     "major", "Breaking changes"),
    ("Squashed commit of the following:", "commit 1234569\n\n    Revert \"feat!: a\"\n\ncommit 1234568\n\n    fix: b\n\ncommit 1234567\n\n    feat!: a",
     "patch", "Fixes"),
    ("fix: rework (#7)", "* feat!: a\n* Revert \"feat!: a\"\n* Reapply \"feat!: a\"", "major", "Breaking changes"),
    ("fix: rework (#7)", "* feat!: a\n* Revert \"feat!: a\"\n* Revert \"Revert \"feat!: a\"\"", "major", "Breaking changes"),
    ("fix: rework (#7)", "* feat!: a\n* Revert \"feat!: a\"\n* Reapply \"feat!: a\"\n* Revert \"Reapply \"feat!: a\"\"", "patch", "Fixes"),
    ("fix: rework (#7)", "* feat!: a\n* Revert \"feat!: a\"\n* feat!: a", "major", "Breaking changes"),
    ("fix: rework (#7)", "* feat!: a\n* Revert \"feat!: a b\"\n* Revert \"feat!: b\"", "major", "Breaking changes"),
    ("Merged in topic (pull request #7)", "Rework\n\n* feat!: a\n\n* fix: b\n\nApproved-by: Z", "major", "Breaking changes"),   # Bitbucket
    ("Merged in topic (pull request #7)", "feat: rework", "minor", "Features"),
    ("fix: rework", "* feat!: is what we write", "patch", "Fixes")])
def test_a_squashed_list_of_commits_counts_as_they_would(clone, title, body, asked, section):
    commit(clone, f"{title}\n\n{body}\n")
    assert bump(clone) == asked and f"{section}\n\n- " in changes(clone).replace(" since `g/v1.0.0`", "Changes")


@pytest.mark.parametrize("remote, commits, issue, compare", [
    ("git@gitlab.com:a/b/r.git", "https://gitlab.com/a/b/r/-/commit/", "https://gitlab.com/a/b/r/-/issues/", "/-/compare/g/v1.0.0...g/v9.0.0"),
    ("https://u@bitbucket.org/o/r.git", "https://bitbucket.org/o/r/commits/", "https://bitbucket.org/o/r/issues/", "/branches/compare/g/v9.0.0%0Dg/v1.0.0"),
    *[(remote, "https://dev.azure.com/o/p/_git/r/commit/", "https://dev.azure.com/o/p/_git/r/../../_workitems/edit/",
       "/branchCompare?baseVersion=GTg/v1.0.0&amp;targetVersion=GTg/v9.0.0") for remote in ("git@ssh.dev.azure.com:v3/o/p/r", "https://o@dev.azure.com/o/p/_git/r")]])
def test_links_are_those_of_the_host(clone, remote, commits, issue, compare):
    git(clone, "remote", "set-url", "origin", remote)
    made = commit(clone, "fix: as in #3 (#4)")
    shown = changes(clone)
    assert f"({commits}{made})" in shown and f"]({issue}3)" in shown and f"[#4]({issue}4)" in shown and f"{compare})" in shown


@pytest.mark.parametrize("message", ["fix: x\n \t\nBREAKING CHANGE: y\n", "\n\nfix: x\n\nBREAKING CHANGE: y\n"])
def test_a_body_begins_where_git_lets_it_begin(clone, message):
    commit(clone, message)
    said = subprocess.check_output(["git", "log", "-1", "--format=%s|%b"], cwd=clone, env=ENV, text=True)
    assert said.strip() == "fix: x|BREAKING CHANGE: y"
    assert bump(clone) == "major" and "#### Breaking changes\n\n- fix: x" in changes(clone)


@pytest.mark.parametrize("message, shown", [
    ("g/v9.0.0", False), ("v9.0.0", False), ("Release 9.0.0.", False), ("G 9.0.0", False), ("release v9.0.0\r\n", False),
    ("9.0.0 is slow", True), ("Not 9.0.0", True), ("One\r\n\r\nTwo", True)])
def test_a_tags_message_that_is_more_than_its_name(clone, message, shown):
    git(clone, "tag", "-a", "--cleanup=verbatim", "-m", message, "g/v9.0.0")
    run = subprocess.run([ARC_CI, "notes", "g/v9.0.0"], cwd=clone, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    top = run.stdout.split("### Images", 1)[0].removeprefix("## g 9.0.0\n\n")
    assert top == (message.replace("\r", "") + "\n\n" if shown else "")


def test_a_tags_message_without_room_is_cut(clone):
    """GitHub takes 125,000 characters; git has the message whole."""
    commit(clone, "fix: it")
    (clone / "message").write_text("First words.\n\n" + "More words.\n" * 12000)
    git(clone, "tag", "-a", "-F", "message", "g/v9.0.0")
    run = subprocess.run([ARC_CI, "notes", "g/v9.0.0"], cwd=clone, env=ENV, capture_output=True, text=True)
    assert run.returncode == 0 and len(run.stdout) <= 124800, run.stderr
    assert "First words.\n\nMore words." in run.stdout and "More words.\n\n… (git show g/v9.0.0 has the rest)\n" in run.stdout
    assert "- fix: it" in run.stdout


@pytest.mark.parametrize("author, new", [
    ("Grace <grace@example.org>", True), ("Ada <ada@elsewhere.example>", False), ("A. L. <{EMAIL}>", False),
    ("ci <1+ci[bot]@users.noreply.github.com>", False), ("ci[bot] <ci@example.org>", False)])
def test_who_is_new(clone, author, new):
    commit(clone, "fix: it", "--author=Ada <Ada@Example.org>")
    git(clone, "tag", "g/v1.0.1")
    commit(clone, "fix: more", "--author=" + author.format(EMAIL="ada@example.ORG"))
    assert ("### New contributors" in changes(clone)) == new
