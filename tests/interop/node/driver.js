"use strict";
/*
A device SDK of the vendor's for Node.js, told what to do: JSON lines in, JSON lines out.

    node driver.js FOLDER PACKAGE        it is in FOLDER/node_modules; no file of it is touched

Each line in has a `do`:
    register  `config` of iot.register
    make      `as`, a name for it; `kind`, device or gateway; its `config`
    call      `on` a name, a `method` with its `args`; `told` adds a callback that becomes an event
    login     `on` a gateway, the `device` to log in, `as` a name for it
    serve     `on` a name, the `service` that is answered with `data` in the way `type`
What comes back is `{"event": …, "on": name, "args": […]}`, whenever the SDK calls something, and
"done" of "" when a line was carried out.
*/
const readline = require("readline");
const { createRequire } = require("module");

const iot = createRequire(`${process.argv[2]}/`)(process.argv[3]);
const things = {};

function say(event, on, args) {
  process.stdout.write(JSON.stringify({ event, on, args }, (_, value) =>
    value instanceof Error ? String(value) : value) + "\n");
}

function listen(on) {
  for (const event of ["connect", "close", "error"]) {
    things[on].on(event, (...args) => say(event, on, args));
  }
  things[on].on("message", (topic, payload) => say("message", on, [topic, String(payload)]));
}

const verbs = {
  register: ({ config }) => iot.register(config, (...args) => say("register", "", args)),
  make: ({ as, kind, config }) => {
    things[as] = iot[kind](config);
    listen(as);
  },
  call: ({ on, method, args, told }) => {
    const callback = told ? [(...given) => say(method, on, given)] : [];
    things[on][method](...args, ...callback);
  },
  login: ({ on, device, as }) => {
    things[as] = things[on].login(device, (...args) => say("login", as, args));
    listen(as);
  },
  serve: ({ on, service, data, type }) => things[on].onService(service, (asked, reply) => {
    say("service", on, [asked]);
    reply({ id: asked.id, code: 200, data }, type);
  }),
};

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const asked = JSON.parse(line);
  verbs[asked.do](asked);
  say("done", "", []);
});
lines.on("close", () => process.exit(0));
