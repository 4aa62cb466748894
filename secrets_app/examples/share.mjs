import * as envelope from "./envelope.js";

const ORIGIN = "https://secrets.example.com";

const call = (path, body) =>
  fetch(`${ORIGIN}/api/v2/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

// Share
const key = envelope.newLinkKey();
const id = await envelope.secretId(key);
const { proof } = await envelope.derive(key, null);
const sealed = await envelope.seal(key, null, { text: "correct horse battery staple" });
await call("secrets", {
  id,
  proof_hash: envelope.toBase64Url(await envelope.proofHash(proof)),
  envelope: envelope.toBase64Url(sealed),
  ttl: 3600,
  passphrase: false,
});
console.log(`${ORIGIN}/secret#${key}`);

// Open, which works once
const claim = envelope.toBase64Url(envelope.randomBytes(16));
const answer = await call(`secrets/${id}/claim`, { proof: envelope.toBase64Url(proof), claim });
const opened = envelope.fromBase64Url((await answer.json()).envelope);
const contents = await envelope.openEnvelope(key, null, opened);
console.log(contents.text);
await call(`secrets/${id}/ack`, { claim });
