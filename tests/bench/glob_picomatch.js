// Counts the lines of stdin that match any of the patterns, by picomatch. Arguments: picomatch's folder, the patterns.
'use strict';
const picomatch = require(process.argv[2]);
const matchers = process.argv.slice(3).map(pattern => picomatch(pattern, { dot: true }));
let count = 0;
for (const path of require('fs').readFileSync(0, 'utf8').split('\n')) {
  for (const matcher of matchers) count += matcher(path) ? 1 : 0;
}
console.log(count);
