// Loads dist/main.cjs, with what V8 had compiled of it when it was built where that fits this Node, without it where not.
'use strict';
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const FILE = path.join(__dirname, '..', 'dist', 'main.cjs');
const CACHE = path.join(__dirname, '..', 'dist', 'main.cache');

/** Bytes of the digest before the compiled code in the cache file. */
const SEAL = 32;

/**
 * SHA-256 over the program and what V8 compiled of it. V8 compares no more than the length of the program, and crashes on
 * compiled code that has changed.
 */
function seal(program, compiled) {
  return createHash('sha256').update(program).update(compiled).digest();
}

/**
 * The code compiled of `program`, or undefined where there is none: none that is whole, or none of these very bytes.
 * TRUST: it is as good as the code beside it: not read where somebody could have written it who could not have written that.
 */
function readCache(program) {
  let fd;
  try {
    fd = fs.openSync(CACHE, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW || 0));
    const { mode, uid, size } = fs.fstatSync(fd);
    const source = fs.statSync(FILE);
    const directory = fs.statSync(path.dirname(FILE));
    if (uid !== source.uid || uid !== directory.uid || (mode | directory.mode) & 0o022) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    if (fs.readSync(fd, bytes, 0, size, 0) !== size) return undefined;
    const compiled = bytes.subarray(SEAL);
    return seal(program, compiled).equals(bytes.subarray(0, SEAL)) ? compiled : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Evaluates the program. @returns its exports, the script, and what a cache file for it holds, for whoever makes it */
function load({ useCache }) {
  const bytes = fs.readFileSync(FILE);
  // The build writes ASCII only: one byte a character, here and in V8.
  const source = bytes.toString('latin1');
  const script = new vm.Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename: FILE,
    cachedData: useCache ? readCache(bytes) : undefined,
  });
  const module = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, createRequire(FILE), module, FILE, path.dirname(FILE));
  const makeCache = () => {
    const compiled = script.createCachedData();
    return Buffer.concat([seal(bytes, compiled), compiled]);
  };
  return { program: module.exports, script, makeCache };
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
