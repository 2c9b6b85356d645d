// Two mails by nodemailer: in the clear, and by STARTTLS with AUTH.
//
//     node round.js HOST:PORT CERTIFICATES
//
// CERTIFICATES is a file in PEM with whom to trust. Ends with the line `ok` when the
// server took both, and was refused where nobody trusts it; else with what was not so.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const nodemailer = require("nodemailer");
const { version } = require("nodemailer/package.json");

const [address, certificates] = process.argv.slice(2);
const [, host, port] = /^(?:smtp:\/\/)?(.*):(\d+)$/.exec(address);
const ca = readFileSync(certificates);

const SOON = 10_000;
const recipients = ["one@customers.example", "two@customers.example"];

async function send(subject, options) {
  const transport = nodemailer.createTransport({
    host,
    port: Number(port),
    connectionTimeout: SOON,
    greetingTimeout: SOON,
    socketTimeout: SOON,
    ...options,
  });
  try {
    return await transport.sendMail({
      from: "shop@shop.example",
      to: recipients,
      subject,
      messageId: `<${subject.split(" ")[0]}.nodemailer@shop.example>`,
      // A line that is a dot ends a mail, unless the client doubles it.
      text: "Grüße\n.\n..\n.bye\n",
    });
  } finally {
    transport.close();
  }
}

function taken(info) {
  assert.deepEqual(info.accepted, recipients);
  assert.deepEqual(info.rejected, []);
  assert.match(info.response, /^250 /);
}

async function main() {
  taken(await send("clear öffentlich", { ignoreTLS: true }));
  const auth = { user: "shop", pass: "any password" };
  taken(await send("encrypted verschlüsselt", { requireTLS: true, tls: { ca }, auth }));
  // Who trusts nobody in particular gets no connection: the check above is one.
  await assert.rejects(
    send("unknown unbekannt", { requireTLS: true, auth }),
    (error) => error.code === "ESOCKET" || error.code === "ETLS",
  );
  console.log(`nodemailer ${version}, Node ${process.versions.node}`);
  console.log("ok");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
