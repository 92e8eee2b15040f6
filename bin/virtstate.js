#!/usr/bin/env node
// Plain old JavaScript, so that a Node that is too old can say so.
var needed = [22, 13];
var found = process.versions.node.split('.').map(Number);

if (found[0] < needed[0] || (found[0] === needed[0] && found[1] < needed[1])) {
  console.error(
    'virtstate needs Node ' + needed.join('.') + ' or newer; this is ' + process.versions.node,
  );
  process.exit(2);
} else {
  void import('../dist/src/cli/main.js').then(function (cli) {
    return cli.main();
  });
}
