/**
 * Build the browser client: `page.js` for the server's own pages and `autoload.js` for other sites, classic scripts that
 * contain the wasm decoder; `seldom.js`, a module that both load on demand; and the license of flechette.
 *
 *   node build.mjs           into $BOKEH_WSGI_STATIC, or ../bokeh_wsgi/static
 *   node build.mjs --tests   the tests, into build/test
 */
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import asc from "assemblyscript/asc";
import { build } from "esbuild";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const LICENSES = "page.js.LICENSES.txt";
const BANNER = `/*! Contains @uwdata/flechette, (c) 2024 UW Interactive Data Lab, BSD-3-Clause: ${LICENSES} */`;

async function wasm() {
  const { error, stderr } = await asc.main([
    "assembly/chunk.ts", "--baseDir", here, "--outFile", "build/blosc2.wasm", "--runtime", "stub",
    "-O3", "--converge", "--noAssert", "--use", "abort=", "--enable", "simd,bulk-memory",
  ]);
  if (error) throw new Error(`${stderr}`);
  const bytes = await readFile(join(here, "build/blosc2.wasm"));
  await writeFile(join(here, "build/blosc2.wasm.deflate"), deflateSync(bytes, { level: 9 }));
}

const options = {
  absWorkingDir: here,
  bundle: true,
  target: "es2022",
  loader: { ".wasm": "binary", ".deflate": "base64", ".worker.js": "text" },
  logLevel: "warning",
};

/** Terser makes esbuild's scripts another 4 % smaller. */
async function shrink(path, isModule = false) {
  const { code } = await minify(await readFile(path, "utf8"), {
    ecma: 2020,
    module: isModule,
    compress: { passes: 2 },
    format: { comments: /^!/ },
  });
  await writeFile(path, code);
}

/** The worker's script; the page's script contains it as text. */
async function worker() {
  await build({
    ...options,
    entryPoints: ["src/ahead/worker.ts"],
    outfile: "build/ahead.worker.js",
    format: "iife",
    minify: true,
  });
  await shrink(join(here, "build/ahead.worker.js"));
}

async function pages() {
  const output = resolve(here, process.env.BOKEH_WSGI_STATIC ?? "../bokeh_wsgi/static");
  await mkdir(output, { recursive: true });
  await build({
    ...options,
    entryPoints: { page: "src/main.ts", autoload: "src/autoload.ts" },
    outdir: output,
    format: "iife",
    minify: true,
    legalComments: "none",
    banner: { js: BANNER },
  });
  await build({ ...options, entryPoints: { seldom: "src/lazy/lazy.ts" }, outdir: output, format: "esm", minify: true });
  await Promise.all([shrink(join(output, "page.js")), shrink(join(output, "autoload.js")), shrink(join(output, "seldom.js"), true)]);
  await copyFile(join(here, "node_modules/@uwdata/flechette/LICENSE"), join(output, LICENSES));
}

async function tests() {
  await rm(join(here, "build/test"), { recursive: true, force: true });
  const names = (await readdir(join(here, "test"))).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...options,
    entryPoints: names.map((name) => join("test", name)),
    outdir: "build/test",
    outExtension: { ".js": ".mjs" },
    format: "esm",
    platform: "node",
    sourcemap: "inline",
  });
}

await mkdir(join(here, "build"), { recursive: true });
await wasm();
await worker();
await (process.argv.includes("--tests") ? tests() : pages());
