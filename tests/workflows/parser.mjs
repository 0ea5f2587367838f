// Prints the errors of GitHub's own workflow parser as a JSON array for each file. Arguments: node_modules, files.
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { pathToFileURL } from "node:url";

register("./json-modules.mjs", import.meta.url);
const [modules, ...files] = process.argv.slice(2);
const { parseWorkflow, NoOperationTraceWriter } = await import(
  pathToFileURL(`${modules}/@actions/workflow-parser/dist/index.js`)
);
const errors = [];
for (const name of files) {
  const content = await readFile(name, "utf8");
  const result = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  errors.push(result.context.errors.getErrors().map((error) => error.message));
}
console.log(JSON.stringify(errors));
