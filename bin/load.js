// Loads dist/main.cjs, with what V8 had compiled of it when it was built where that fits this Node, without it where not.
'use strict';
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const FILE = path.join(__dirname, '..', 'dist', 'main.cjs');
const CACHE = path.join(__dirname, '..', 'dist', 'main.cache');

/**
 * The compiled code, or undefined where there is none. TRUST: it is as good as the code beside it: not read where
 * somebody could have written it who could not have written that.
 */
function readCache() {
  let fd;
  try {
    fd = fs.openSync(CACHE, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW || 0));
    const { mode, uid, size } = fs.fstatSync(fd);
    const source = fs.statSync(FILE);
    const directory = fs.statSync(path.dirname(FILE));
    if (uid !== source.uid || uid !== directory.uid || (mode | directory.mode) & 0o022) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    return fs.readSync(fd, bytes, 0, size, 0) === size ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Evaluates the program. @returns its exports, and the script, for whoever makes the cache */
function load({ useCache }) {
  // The build writes ASCII only: one byte a character, here and in V8.
  const source = fs.readFileSync(FILE, 'latin1');
  const script = new vm.Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename: FILE,
    cachedData: useCache ? readCache() : undefined,
  });
  const module = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, createRequire(FILE), module, FILE, path.dirname(FILE));
  return { program: module.exports, script };
}

function start() {
  let loaded;
  try {
    loaded = load({ useCache: true });
  } catch (error) {
    process.stderr.write(
      `mcp-guard could not start: ${error.message}\nIf this is a checkout, run \`npm install\` in it first.\n`,
    );
    process.exitCode = 70;
    return;
  }
  loaded.program.start();
}

module.exports = { CACHE, load, start };
