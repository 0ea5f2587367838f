"""Values that somebody chose to do harm, each for some format; all of them go through all outputs."""

VALUES = [
    # The runner's files and its commands in a log.
    "a\nevil=1", "a\r\nevil=1", "a<<EOF\nb\nEOF\nevil=1", "ghadelimiter_\n", "=", "a=b", "<<", "a\rb",
    "::error::x", "\n::set-output name=a::b", "x\n::stop-commands::t", "##[error]x", "a ##[add-mask]b", "%0A::error::x", "%25%0D,:",
    "::error file=a,line=1::b", "\t::debug::x", " ::notice::x",
    # A terminal.
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31m", "\x7f\x08\x08", "a\u202eb\u2066c", "\u200b\ufeff", "\x1b[2J\x1b[H",
    # Markdown and HTML.
    "[a](https://evil.example)", "![a](https://evil.example/x.png)", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>",
    "<!-- a", "a --> b", "`a` ``b``", "*a* _b_ ~~c~~", "| a | b |", "a\n\n# b\n\n- c", "<a@evil.example>", "@everyone #1 GH-1",
    "https://evil.example/", "&lt;b&gt;&#60;", "\\", "a\\|b", "[^1]: x", "1. a", "- [ ] a", "</details></td>", "$$x$$ :tada:",
    # Shells, templates and argv.
    "$(touch evil)", "`touch evil`", "'; touch evil; '", '"; touch evil; "', "${HOME}", "${{ github.token }}", "--help", "-rf", "a b",
    "a\tb", "*", "~", "!!", "$", "{{title}}", "{{#each x}}", "%s%n", "a,b;c", "{a,b}", "a'b\"c", "\\x41\\n",
    # JSON, CSV, YAML.
    '"', '",\n"evil": "1', "\u2028\u2029", "null", "true", "0x10", "1e999", "{}", "[]", "a: b", "&a *a", "ä€😀", "\U0001f600" * 40, "e\u0301",
    "=cmd|' /C calc'!A0", "+1", "\ud7ff\ue000\uffff", "a" * 3000,
]
