// Loads dist/main.cjs and what a run with a config needs beside it, each with what V8 had compiled of it when it was built where that
// fits this Node, without it where not.
'use strict';
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const DIST = path.join(__dirname, '..', 'dist');
/** The files of dist/ that have compiled code beside them: what stands between a start and the first answer. */
const CACHED = ['main', 'run-lock', 'load-config', 'run-limits'];
const OWN_FILE = /^\.\/([a-z0-9-]+)\.cjs$/;
const cacheOf = (name) => path.join(DIST, `${name}.cache`);
const fileOf = (name) => path.join(DIST, `${name}.cjs`);

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
 * The code compiled of the program in `name`, or undefined where there is none: none that is whole, or none of these very bytes.
 * TRUST: it is as good as the code beside it: not read where somebody could have written it who could not have written that.
 */
function readCache(name, program) {
  let fd;
  try {
    fd = fs.openSync(cacheOf(name), fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW || 0));
    const { mode, uid, size } = fs.fstatSync(fd);
    const source = fs.statSync(fileOf(name));
    const directory = fs.statSync(DIST);
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

/**
 * Evaluates the program.
 *
 * @returns its exports, its script, and what the cache files of all that it has loaded hold, by name, for whoever makes them
 */
function load({ useCache }) {
  const loaded = new Map();
  const loadFile = (name) => {
    const known = loaded.get(name);
    if (known !== undefined) return known.module.exports;
    const file = fileOf(name);
    const bytes = fs.readFileSync(file);
    // The build writes ASCII only: one byte a character, here and in V8.
    const source = bytes.toString('latin1');
    const script = new vm.Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
      filename: file,
      cachedData: useCache && CACHED.includes(name) ? readCache(name, bytes) : undefined,
    });
    const module = { exports: {} };
    // The bytes are for whoever makes a cache of them; a session does not hold them.
    loaded.set(name, { module, script, bytes: useCache ? undefined : bytes });
    script.runInThisContext().call(module.exports, module.exports, requireFrom(file), module, file, DIST);
    return module.exports;
  };
  const requireFrom = (file) => {
    const plain = createRequire(file);
    const require = (id) => {
      const name = OWN_FILE.exec(id)?.[1];
      return name === undefined ? plain(id) : loadFile(name);
    };
    return Object.assign(require, plain);
  };
  const program = loadFile('main');
  const makeCaches = () =>
    CACHED.flatMap((name) => {
      const file = loaded.get(name);
      if (file === undefined) return [];
      const compiled = file.script.createCachedData();
      return [{ name, bytes: Buffer.concat([seal(file.bytes, compiled), compiled]) }];
    });
  return { program, script: loaded.get('main').script, makeCaches };
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

module.exports = { cacheOf, load, start };
