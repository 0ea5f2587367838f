"""What strangers write, as GitHub's own markdown parser (cmark-gfm) reads it in the notes: text, and nothing else.

Every value is put into every place of a template; the rendered HTML must hold exactly the elements that the template
made, and the text that the value was."""
import html.parser
import json
import os
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import documents  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
BREAK = "​"

TEMPLATE = """\
# {{title}}

{{title}}

| a | b |
| - | - |
{{#services}}
| {{service}} | {{code service}} |
{{/services}}

- {{title}}
- [{{title}}]({{url source}})

{{code title}} end

```sh
{{line title}}
```
"""
ELEMENTS = ["h1", "p", "table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td", "code", "ul", "li", "li", "a",
            "p", "code", "pre", "code"]

KNOWN = ["@ada", "a@b.example", "@org/team", "<b>x</b>", "<!-- x", "<https://e.example>", "https://e.example/?a=b",
         "www.e.example", "ftp://e.example", "mailto:a@b.example", "xmpp:a@b.example/x", "[a](b)", "![a](b)", "[a]: b",
         "[x] a", "[^1]", "a|b", "\\|", "\\\\|", "|", "`", "``a``", "a`|`b", "*a*", "**a**", "_a_", "~~a~~", "~a~",
         "# a", "## a ##", "- a", "+ a", "* a", "1. a", "1) a", "> a", "===", "---", "***", "```", "~~~", "    a",
         "\ta", "a  ", "a\\", "a\nb", "a\n\nb", "a\r\n# b", "&lt;", "&#64;ada", "&amp;", "$a$", "$$a$$", ":tada:", "#1",
         "GH-1", "o/r#1", "\\@a", "\\<b>", "é@é", "日本語 @x", "\u202eabc", "\u0085", "a\x1b[31m", "{{title}}", "'", '"']
ALPHABET = ["@", "a", "b1", "<", ">", "/", "!", "-", "[", "]", "(", ")", "`", "``", "|", "\\", "*", "_", "~", "#", "1", ".",
            " ", "\n", "&", ";", "$", ":", "://", "www.", "https://", "=", "+", "é", "\t", "&#", "lt", '"', "'", "x@y.z"]


class Reader(html.parser.HTMLParser):
    """The elements of a page, and the text of each."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(len(self.elements))
        self.elements.append((tag, dict(attrs)))
        self.text.append("")

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_comment(self, data):
        self.elements.append(("comment", {}))
        self.text.append(data)

    def handle_data(self, data):
        for index in self.open:
            self.text[index] += data


def visible(value):
    """The value as the notes show it: on one line, control characters as escapes."""
    line = re.sub(r"[ \t-\r]+", " ", value).strip(" ")
    return re.sub("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]",
                  lambda m: "".join(f"\\x{byte:02x}" for byte in m[0].encode()), line)


def render(value, folder):
    plan = documents.plan(title=value, source="https://h.example/" + value, version={"version": "", "image-tag": "t"},
                          services=[{"service": value, "image": "i"}])
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "template.md").write_text(TEMPLATE)
    run = subprocess.run([ARC_CI, "notes", "--plan", "plan.json", "--template", "template.md"], cwd=folder,
                         capture_output=True, check=True, env={"PATH": os.environ["PATH"]})
    page = subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", "-e", "strikethrough", "-e", "autolink", "-e",
                           "tasklist", "-e", "footnotes"], input=run.stdout, capture_output=True, check=True)
    reader = Reader()
    reader.feed(page.stdout.decode())
    return run.stdout.decode(), reader


def check(value, folder):
    source, reader = render(value, folder)
    tags = [tag for tag, _ in reader.elements]
    expected = list(ELEMENTS)
    shown = visible(value)
    assert tags == expected, f"{value!r}: {tags}\n{source}"
    texts = [text.replace(BREAK, "") for text in reader.text]
    for index in (0, 1, 9, 13, 14, 15):  # heading, paragraph, cell, item, item, link
        assert re.sub(" +", " ", texts[index].strip()) == shown, f"{value!r} at {tags[index]}\n{source}"
    for index in (11, 17):  # a code span holds the value itself; <code>, where a '|' needs it, may break an address
        text = texts[index] if "|" in value else reader.text[index]
        assert re.sub(" +", " ", text.strip()) == shown, f"{value!r} in code\n{source}"
    (link,) = [attributes for tag, attributes in reader.elements if tag == "a"]
    assert set(link) == {"href"} and link["href"].startswith("https://h.example/")
    # What is linked or mentions by itself on GitHub, in the text that a reader's browser gets.
    for index in (0, 1, 9):
        assert not re.search(r"@[A-Za-z0-9]|#[0-9]|://|(?i:www\.)|(?i:\bgh-[0-9])", reader.text[index]), source


def test_known_tricks(tmp_path):
    for value in KNOWN:
        check("a" + value + "b", tmp_path)
        check(value + " x", tmp_path)
        check("x " + value, tmp_path)


def test_random_texts(tmp_path):
    generator = random.Random(20260223)
    for _ in range(400):
        value = "".join(generator.choice(ALPHABET) for _ in range(generator.randint(1, 14)))
        check("x" + value + "y", tmp_path)


def test_random_texts_at_the_start_of_a_line(tmp_path):
    generator = random.Random(7)
    for _ in range(400):
        check("".join(generator.choice(ALPHABET) for _ in range(generator.randint(1, 8))) + "x", tmp_path)


def test_the_check_sees_an_unescaped_value(tmp_path):
    """The check itself, on markdown that was not escaped."""
    for source in ("<b>", "[a](b)", "`a`", "*a*", "www.e.example"):
        page = subprocess.run(["cmark-gfm", "--unsafe", "-e", "autolink"], input=source.encode(), capture_output=True)
        reader = Reader()
        reader.feed(page.stdout.decode())
        assert [tag for tag, _ in reader.elements] != ["p"]
