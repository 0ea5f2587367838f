// Prints the errors of GitHub's own workflow parser as a JSON array. Arguments: node_modules, file.
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { pathToFileURL } from "node:url";

register("./json-modules.mjs", import.meta.url);
const [modules, file] = process.argv.slice(2);
const { parseWorkflow, NoOperationTraceWriter } = await import(
  pathToFileURL(`${modules}/@actions/workflow-parser/dist/index.js`)
);
const content = await readFile(file, "utf8");
const result = parseWorkflow({ name: file, content }, new NoOperationTraceWriter());
console.log(JSON.stringify(result.context.errors.getErrors().map((error) => error.message)));
