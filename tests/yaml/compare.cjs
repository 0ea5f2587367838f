// node compare.cjs NODE_MODULES DUMP SEED COUNT: documents (a JSON array on stdin; an empty one: COUNT generated ones), read
// by js-yaml and by ours. Prints a report as JSON.
const [modules, dump, seedText, countText] = process.argv.slice(2);
const yaml = require(modules + "/js-yaml");
const { spawnSync } = require("child_process");

let state = Number(seedText) >>> 0;
function pick(n) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state >>> 10) % n;
}
const among = (list) => list[pick(list.length)];

// Scalars that mean the same to both parsers wherever they stand; what differs is in test_yaml.py, by name.
const scalars = ["a", "b", "yes", "no", "on", "off", "true", "True", "TRUE", "tRUE", "false", "null", "NULL", "~", "", "1", "-1",
  "+12", "0", "0123", "0x1f", "0xg", "0o17", "0o18", "0b11", "0b2", "1_000", "_1", "1_", "1.5", "1.", ".5", "-.5", "1e3", "1.5e-3",
  "1e", "1.2.3", ".inf", "-.INF", ".nan", "-.nan", "12:30", "2026-1", '"q"', "'s'", "'it''s'", '"\\x41\\n\\u00e9"', "services/**",
  '"!x"', "a b", "a#b", "a:b", "-a", "é", "😀", "=", "'<<'", '"1"', "!!str 1", "!!str true", "!!int 7", "!!float 1", "! 1"];
const broken = ["]", "@a", "`a", "*nothing", "a: b: c", "!!int x", "!other x", "&", "}"];
const keys = ["a", "b", "c", "d", "e", '"k"', "'a'", "on", "x y", "'<<'", "z"];

function makeDocument() {
  const ready = []; // anchors of finished maps and others
  let anchors = 0;
  const scalar = () => (pick(150) === 0 ? among(broken) : among(scalars));
  function leaf() {
    if (ready.length && pick(6) === 0) return "*" + among(ready).name;
    return scalar();
  }
  function anchored(make, kind) {
    if (pick(6) !== 0) return make();
    const name = "x" + anchors++;
    const text = make();
    if (text.startsWith("*") || text.startsWith("&")) return text;
    ready.push({ name, kind });
    return "&" + name + " " + text;
  }
  function merge() {
    const maps = ready.filter((anchor) => anchor.kind === "map");
    if (!maps.length) return null;
    return pick(2) ? "*" + among(maps).name : "[" + Array.from({ length: 1 + pick(2) }, () => "*" + among(maps).name).join(", ") + "]";
  }
  function flow(depth) {
    const kind = depth > 0 ? pick(4) : 0;
    if (kind < 2) return anchored(leaf, "leaf");
    if (kind === 2) {
      return anchored(() => "[" + Array.from({ length: pick(4) }, () => flow(depth - 1)).filter((t) => t !== "").join(", ") + "]", "list");
    }
    return anchored(() => "{" + pairs(depth, (key, value) => key + ": " + value).join(", ") + "}", "map");
  }
  function pairs(depth, form) {
    return Array.from({ length: pick(4) }, () => {
      const merged = pick(4) === 0 ? merge() : null;
      return merged ? form("<<", merged) : form(among(keys), flow(depth - 1));
    });
  }
  function block(depth, indent) {
    const pad = " ".repeat(indent);
    if (depth === 0 || pick(4) === 0) return pad + (flow(2) || "~") + "\n";
    const list = pick(2) === 0;
    return Array.from({ length: 1 + pick(4) }, () => {
      const merged = !list && pick(5) === 0 ? merge() : null;
      const head = pad + (list ? "- " : (merged ? "<<" : among(keys)) + ": ");
      if (merged) return head + merged + "\n";
      return pick(2) ? head + (flow(1) || "~") + "\n" : head.trimEnd() + "\n" + block(depth - 1, indent + 2);
    }).join("");
  }
  return (pick(20) === 0 ? "---\n" : "") + block(3, 0) + (pick(40) === 0 ? "...\n" : "") + (pick(60) === 0 ? "---\na\n" : "");
}

function show(value) {
  if (value === null || value === undefined) return '"<null>"';
  if (typeof value === "boolean") return '"<boolean>"';
  if (typeof value === "number") return '"<number>"';
  if (typeof value === "string") {
    return '"' + value.replace(/[\u0000-\u001f"\\]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0")) + '"';
  }
  if (Array.isArray(value)) return "[" + value.map(show).join(",") + "]";
  return "{" + Object.keys(value).map((key) => show(key) + ":" + show(value[key])).join(",") + "}";
}

function reference(text) {
  try {
    return show(yaml.load(text));
  } catch (problem) {
    return "E " + problem.reason;
  }
}

const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const documents = given.length ? given : Array.from({ length: Number(countText) }, makeDocument);
const run = spawnSync(dump, { input: documents.join("\0") + "\0", maxBuffer: 1 << 30 });
const ours = run.stdout.toString().split("\n");
const report = { status: run.status, same: 0, refused: 0, different: [] };
documents.forEach((text, i) => {
  const theirs = reference(text);
  if (theirs[0] === "E" && ours[i][0] === "E") report.refused++;
  else if (theirs === ours[i]) report.same++;
  else report.different.push({ text, theirs, ours: ours[i] });
});
report.different.sort((a, b) => a.text.length - b.text.length);
report.count = report.different.length;
report.different = report.different.slice(0, 5);
console.log(JSON.stringify(report));
