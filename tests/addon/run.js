'use strict';
/**
 * Runs a built Code.gs: a scenario on standard input, {script, calls: [{function, args}], ...project()'s}, and what the
 * calls answered and did on standard output.
 */

const fs = require('node:fs');
const vm = require('node:vm');
const {project} = require('./google.js');

const scenario = JSON.parse(fs.readFileSync(0, 'utf8'));
const {globals, state} = project(scenario);
vm.createContext(globals);
vm.runInContext(scenario.script, globals, {filename: 'Code.gs'});
const answers = (scenario.calls || []).map((call) => globals[call.function](...call.args) ?? null);
process.stdout.write(JSON.stringify({answers, ...state()}));
