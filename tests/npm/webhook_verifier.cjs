// Reads [{secret, headers, body}] from standard input and writes what the official verifier of Standard Webhooks makes of each:
// the payload, or the name of its error.
const { Webhook } = require("standardwebhooks");

let input = "";
process.stdin.on("data", (piece) => (input += piece));
process.stdin.on("end", () => {
  const results = JSON.parse(input).map(({ secret, headers, body }) => {
    try {
      return { payload: new Webhook(secret).verify(body, headers) };
    } catch (error) {
      return { error: error.constructor.name };
    }
  });
  process.stdout.write(JSON.stringify(results));
});
