"""Makes patterns, and paths that they nearly match. Everything comes from one random.Random, so a seed repeats a run."""
import random

NAMES = ["a", "b", "c", "ab", "abc", "src", "lib", "test", "docs", "main", "index", "foo", "bar", "node_modules", "x1", "é",
         "日本", "😀", "a b", "a-b", "a_b", "A", "Z", "1", "2", "10", "README", "Makefile", "Dockerfile"]
EXTENSIONS = [".js", ".ts", ".d.ts", ".c", ".h", ".md", ".test.js", ".yaml", "", "", ".", ".min.js"]
DOTS = [".", "..", ".git", ".github", ".a", "..a", "...", ".a.b"]
LETTERS = "abcdxyzABZ0129._-é"
POSIX = ["alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
         "xdigit", "nothing", "foo"]
CHAOS = "abcxyz019AZ/./**??[]{}()!!@+|,\\\\^$\"'-:=<>~#%&;_ é😀\n\r\t"


class Grammar:
    def __init__(self, rng):
        self.rng = rng

    def name(self):
        rng = self.rng
        return rng.choice(DOTS) if rng.random() < 0.12 else rng.choice(NAMES) + rng.choice(EXTENSIONS)

    def letter(self):
        return self.rng.choice(LETTERS)

    def word(self):
        return "".join(self.letter() for _ in range(self.rng.randrange(0, 4)))

    # Each piece is (pattern, a text that it should match).
    def literal(self, _):
        name = self.name()
        return name, name

    def star(self, _):
        return "*", self.word()

    def stars(self, _):
        return self.rng.choice(["**", "***", "****"]), self.word()

    def question(self, _):
        count = self.rng.randrange(1, 4)
        return "?" * count, "".join(self.letter() for _ in range(count))

    def escape(self, _):
        char = self.rng.choice("*?[]{}()!+@|.\\/$^-,\"ab1")
        return "\\" + char, char

    def bracket(self, _):
        rng = self.rng
        if rng.random() < 0.2:
            return f"[[:{rng.choice(POSIX)}:]]", self.letter()
        if rng.random() < 0.1:
            return f"[^[:{rng.choice(POSIX)}:]{self.letter()}]", self.letter()
        body = "".join(rng.choice([self.letter(), self.letter() + "-" + self.letter(), "a-z", "0-9", "!", "^", "]", "\\]", "[",
                                   ".", "/", "*", "\\w", "\\d", "-", "$", "|", ","]) for _ in range(rng.randrange(0, 4)))
        return f"[{rng.choice(['', '', '!', '^'])}{body}]", self.letter()

    def braces(self, depth):
        rng = self.rng
        if rng.random() < 0.3:
            low, high = rng.randrange(-2, 12), rng.randrange(-2, 12)
            if rng.random() < 0.4:
                low, high = rng.choice("abcxyzAZ"), rng.choice("abcxyzAZ")
            step = rng.choice(["", "", f"..{rng.randrange(-3, 4)}"])
            return f"{{{low}..{high}{step}}}", str(rng.choice([low, high, 1, "b"]))
        parts = [self.some(depth + 1) for _ in range(rng.randrange(1, 4))]
        return "{" + ",".join(part[0] for part in parts) + "}", rng.choice(parts)[1]

    def extglob(self, depth):
        rng = self.rng
        kind = rng.choice("@?+*!!")
        parts = [self.some(depth + 1) for _ in range(rng.randrange(1, 4))]
        count = {"@": 1, "+": rng.randrange(1, 3), "!": rng.randrange(0, 2)}.get(kind, rng.randrange(0, 2))
        return f"{kind}({'|'.join(part[0] for part in parts)})", "".join(rng.choice(parts)[1] for _ in range(count))

    def group(self, depth):
        parts = [self.some(depth + 1) for _ in range(self.rng.randrange(1, 3))]
        opening = self.rng.choice(["(", "(", "(", "(?:", "(?!", "(?=", "(?<!"])
        return opening + "|".join(part[0] for part in parts) + ")" + self.rng.choice(["", "", "+", "*", "?"]), parts[0][1]

    def quoted(self, depth):
        inner = self.some(depth + 1)
        return f'"{inner[0]}"', inner[1]

    def odd(self, _):
        char = self.rng.choice(["!", "+", "@", "$", "^", ",", "|", "{", "}", "(", ")", "[", "]", "..", "\\", '"', "\\\\", "++"])
        return char, char

    def some(self, depth):
        """One piece or a few, as the inside of braces and parentheses."""
        rng = self.rng
        if rng.random() < 0.1:
            return "", ""
        if depth < 3 and rng.random() < 0.1:
            return self.path(depth)
        pieces = [self.piece(depth) for _ in range(rng.choice([1, 1, 1, 2]))]
        return "".join(piece[0] for piece in pieces), "".join(piece[1] for piece in pieces)

    def piece(self, depth):
        nested = [(self.braces, 6), (self.extglob, 7), (self.group, 1), (self.quoted, 1)] if depth < 3 else []
        flat = [(self.literal, 30), (self.star, 16), (self.stars, 2), (self.question, 5), (self.escape, 2), (self.bracket, 6),
                (self.odd, 1)]
        makers, weights = zip(*(nested + flat))
        return self.rng.choices(makers, weights)[0](depth)

    def segment(self, depth):
        if self.rng.random() < 0.2:
            return "**", "/".join(self.name() for _ in range(self.rng.randrange(0, 3)))
        pieces = [self.piece(depth) for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3]))]
        return "".join(piece[0] for piece in pieces), "".join(piece[1] for piece in pieces)

    def path(self, depth=0):
        segments = [self.segment(depth) for _ in range(self.rng.choice([1, 1, 2, 2, 3, 4]))]
        return "/".join(part[0] for part in segments), "/".join(part[1] for part in segments)

    def everyday(self):
        """What people write in filters."""
        rng = self.rng
        directory = "/".join(rng.choice(NAMES) for _ in range(rng.randrange(0, 4)))
        inside = rng.choice(["**", "**/*", "*", "**/*.js", "*.md", "**/*.{ts,tsx}", "*.{yml,yaml}", "**/test/**", "!(*.d).ts",
                             "**/!(*.test).js", "*/Dockerfile", "Dockerfile*", "[a-c]*", "?(a|b)/**", "@(a|b)/*.c", "{a,b}/**",
                             "*.+(js|ts)", ".*", "**/.*", "**/*.*", "{1..3}/*", ""])
        pattern = "/".join(part for part in (directory, inside) if part) or "*"
        pattern = rng.choice(["", "", "", "", "!", "./", "!**/", "**/", "/"]) + pattern
        return pattern, directory + "/" + self.name()

    def pattern(self):
        kind = self.rng.random()
        if kind < 0.35:
            pattern, path = self.everyday()
        elif kind < 0.85:
            pattern, path = self.path()
        else:
            pattern = "".join(self.rng.choice(CHAOS) for _ in range(self.rng.randrange(1, 13)))
            path = "".join(char for char in pattern if char not in "*?[]{}()!\\")
        if self.rng.random() < 0.08:
            pattern = self.rng.choice(["!", "!!", "!!!", "./", "!./", "././", "/", "//"]) + pattern
        if self.rng.random() < 0.05:
            pattern += self.rng.choice(["/", "/**", "/*", "*", "!", "\\", "/."])
        return pattern or "*", path

    def mutate(self, path):
        rng = self.rng
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
            at = rng.randrange(0, len(path) + 1)
            kind = rng.random()
            if kind < 0.35:
                path = path[:at] + path[at + 1:]
            elif kind < 0.7:
                path = path[:at] + rng.choice(LETTERS + "///...") + path[at:]
            elif kind < 0.8:
                path = path + "/" + self.name()
            elif kind < 0.9:
                path = self.name() + "/" + path
            elif kind < 0.95:
                path = path.replace(rng.choice(LETTERS), rng.choice(LETTERS))
            else:
                path = path[:at] + rng.choice(["\n", "\r", "\u2028", "😀", "\t", "\\", "%", "!", "*", "["]) + path[at:]
        return path

    def some_path(self):
        return "/".join(self.name() for _ in range(self.rng.randrange(1, 5)))

    def pairs(self, count):
        """`count` pairs; the pairs of one pattern follow one another."""
        made = 0
        while made < count:
            pattern, path = self.pattern()
            paths = {path, pattern} | {self.mutate(path) for _ in range(6)} | {self.some_path() for _ in range(2)}
            for each in sorted(paths)[:count - made]:
                yield pattern, each
                made += 1


def main_pairs(seed, count):
    return list(Grammar(random.Random(seed)).pairs(count))
