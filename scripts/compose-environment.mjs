// Prints the environment that docker-compose.yml gives a service, a NAME=value a line, with ${NAME}, ${NAME:-default}
// and ${NAME:?message} filled in as compose does.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { parse } = createRequire(new URL("../deploy/checks/package.json", import.meta.url))("yaml");
const compose = parse(readFileSync(new URL("../docker-compose.yml", import.meta.url), "utf8"));
const service = compose.services[process.argv[2]];

for (const [name, value] of Object.entries(service.environment)) {
  const filled = String(value).replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, variable, kind, rest) => {
    const set = process.env[variable];
    if (set) return set;
    if (kind === "-") return rest;
    throw new Error(`${variable}: ${rest ?? "is not set"}`);
  });
  console.log(`${name}=${filled}`);
}
