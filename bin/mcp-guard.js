#!/usr/bin/env node
// Checks the Node version in syntax that old Nodes parse, then hands over to the built program.
var version = process.versions.node.split('.');
if (Number(version[0]) < 20 || (Number(version[0]) === 20 && Number(version[1]) < 17)) {
  process.stderr.write(
    'mcp-guard needs Node 20.17 or newer, and this is Node ' +
      process.versions.node +
      '. Desktop hosts often start an old one: give the full path of a newer `node` in their `command` field.\n',
  );
  process.exitCode = 69;
} else {
  require('./load.js').start();
}
