"""Eleven objects that stand for ten thousand million paths: a comparison ends, with an error."""
import subprocess

import test_cmd as cmd
from usage import spent


def tree(repo, lines):
    return subprocess.run(["git", "mktree"], cwd=repo, input=lines, check=True, capture_output=True, text=True).stdout.strip()


def test_a_tree_of_trees_ends(tmp_path):
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [{"write": {"x": "1\n"}}, {"commit": "one"}])
    blob = cmd.git(repo, "rev-parse", "HEAD:x").strip()
    top = tree(repo, "".join(f"100644 blob {blob}\tf{i}\n" for i in range(10)))
    for _ in range(9):
        top = tree(repo, "".join(f"040000 tree {top}\td{i}\n" for i in range(10)))
    bomb = cmd.git(repo, "commit-tree", "-p", "HEAD", "-m", "bomb", top).strip()
    for list_files, message in (("none", "more than 5000000 entries"), ("json", "more paths matched than 128 MiB can hold")):
        run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--base", "HEAD~0", "--ref", bomb, "--filters", "x: '**'", "--list-files", list_files],
                             cwd=repo, capture_output=True, text=True, timeout=300)
        assert run.returncode not in (0, -9) and not run.stdout
        assert message in run.stderr


def test_sources_are_not_compared_one_by_one(tmp_path):
    """100 Dockerfiles of 300 sources, 3,000 files: 90 million pairs, of which the sources' first characters leave few."""
    repo = tmp_path / "repo"
    files = {f"apps/s{i}/Dockerfile": "FROM scratch\n" + "".join(f"COPY lib/l{j}/*.json /x{j}/\n" for j in range(300)) for i in range(100)}
    services = "".join(f"      - {{directory: apps/s{i}, build: {{context: ., dockerfile: apps/s{i}/Dockerfile}}}}\n" for i in range(100))
    files[".github/arc-ci.yaml"] = f"groups:\n  g:\n    registry: ghcr.io/o\n    services:\n{services}"
    cmd.make_repo(repo, [{"write": files}, {"commit": "one"}, {"write": {f"lib/l{i % 300}/x{i}.md": "1\n" for i in range(3000)}}, {"commit": "two"}])

    def seconds(base):
        before = spent()
        run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--base", base], cwd=repo, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0 and "changes=[]" in run.stdout, run.stderr
        return spent() - before

    reading = min(seconds("HEAD") for _ in range(2))
    took = min(seconds("HEAD~1") for _ in range(2))
    assert took < 2 * reading, (took, reading)


def test_a_long_pattern_is_read_once(tmp_path):
    """60,000 characters in which each comma could separate two patterns: what stands before it must not be read again."""
    repo = tmp_path / "repo"
    cmd.make_repo(repo, [{"write": {"x": "1\n"}}, {"commit": "one"}])

    def seconds(mark):
        (tmp_path / "filters.yml").write_text("x:\n" + "".join(f"- '{('a' + mark) * 30000}{i}'\n" for i in range(5)))
        before = spent()
        run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--filters-file", str(tmp_path / "filters.yml")], cwd=repo, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0 and "changes=[]" in run.stdout, run.stderr
        return spent() - before

    plain, took = min(seconds("-") for _ in range(2)), min(seconds(",") for _ in range(2))
    assert took < 3 * plain + 1, (took, plain)


CONFIG = """groups:
  shop: {registry: ghcr.io/o, services: [services/cart]}
  platform: {includes: [shop]}
"""


def test_a_train_walks_the_history_once(tmp_path):
    """A train of an old commit: each of the releases after it is asked for, and none of them is behind."""
    def seconds(releases):
        repo = tmp_path / f"repo{releases}"
        cmd.make_repo(repo, [{"write": {".github/arc-ci.yaml": CONFIG, "services/cart/Dockerfile": "FROM scratch\n"}}, {"commit": "one"}, {"tag": "shop/v1.0.0"}])
        commits = "".join(f"commit refs/heads/more\nmark :{i + 1}\ncommitter t <t@e> {1800000000 + i} +0000\ndata 1\nx\n" + ("from main\n" if i == 0 else "") for i in range(3000))
        tags = "".join(f"reset refs/tags/shop/v1.{i + 1}.0\nfrom :{3000 - i}\n\n" for i in range(releases))
        subprocess.run(["git", "fast-import", "--quiet"], cwd=repo, input=commits + tags + "reset refs/tags/platform/v1.0.0\nfrom :2790\n", check=True, text=True)
        cmd.git(repo, "checkout", "-q", "platform/v1.0.0")
        before = spent()
        run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "plan", "platform/v1.0.0"], cwd=repo, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0 and "shop/v1.0.0" in run.stdout, run.stderr
        return spent() - before

    few, many = seconds(2), seconds(200)
    assert many < 4 * few + 0.5, (few, many)


def test_a_deep_file_is_gone_down_to_once(tmp_path):
    """A value in a file below 900 directories, read at base and head: each of them must not be reached from the top anew."""
    def seconds(depth):
        repo, path = tmp_path / f"repo{depth}", "d/" * depth + "VERSION"
        config = f"groups:\n  g:\n    registry: ghcr.io/o\n    services: [{{directory: s, build: {{args: {{V: {{file: {path}}}}}}}}}]\n"
        cmd.make_repo(repo, [{"write": {".github/arc-ci.yaml": config, "s/Dockerfile": "FROM scratch\nARG V\n", path: "1\n"}}, {"commit": "one"},
                             {"write": {path: "2\n"}}, {"commit": "two"}])
        before = spent()
        run = subprocess.run([*cmd.WRAPPER, cmd.ARC_CI, "changes", "--base", "HEAD~1"], cwd=repo, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0 and 'changes=["s"]' in run.stdout, run.stderr
        return spent() - before

    few, many = min(seconds(depth) for depth in (9, 10)), seconds(900)
    assert many < 3 * few + 1, (many, few)
