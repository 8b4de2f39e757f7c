// Reads an HDF file as Heimdall does and prints how it understands each control: heimdall.js INSPECJS FILE.
const [inspecjs, file] = process.argv.slice(2);
const { convertFileContextual } = require(inspecjs);
const evaluation = convertFileContextual(require("fs").readFileSync(file, "utf8"));
for (const control of evaluation.contains[0].contains) console.log(`${control.data.id} ${control.hdf.status}`);
