// Passkeys: takes a challenge from the server, asks the device, and posts its answer in the form.
// Binary values travel as unpadded base64url. Each form names where its challenge comes from in
// data-begin; without one the challenge stands in the page (the second step of a sign-in).

const BYTES = new Set(["challenge", "id"]); // which members are bytes: of the options, the user, a listed credential

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

const toText = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const decoded = (thing) => Object.fromEntries(
  Object.entries(thing).map(([name, value]) => [name, BYTES.has(name) && typeof value === "string" ? toBytes(value) : value]),
);

/** The server's options with bytes where browsers want bytes. */
function forBrowser({ publicKey }) {
  const options = decoded(publicKey);
  if (publicKey.user) options.user = decoded(publicKey.user);
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    if (publicKey[list]) options[list] = publicKey[list].map(decoded);
  }
  return { publicKey: options };
}

/** The browser's answer as the server reads it. */
function forServer(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: toText(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) answer[name] = toText(response[name]);
  }
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: answer,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function challenge(form) {
  if (!form.dataset.begin) return JSON.parse(document.getElementById("passkey-options").textContent);
  // The form's fields go along: the token of a session, and where to go on afterwards.
  const answer = await fetch(form.dataset.begin, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
  if (!answer.ok) throw new TypeError(`refused: ${answer.status}`);
  return answer.json();
}

async function use(form) {
  const problem = form.querySelector("[data-refused]");
  problem.hidden = true;
  try {
    const options = forBrowser(await challenge(form));
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create(options)
      : await navigator.credentials.get(options);
    form.elements.credential.value = JSON.stringify(forServer(credential));
    form.submit();
  } catch (error) {
    // TypeError: the request failed. Anything else: the person or the device said no.
    problem.textContent = error instanceof TypeError ? problem.dataset.failed : problem.dataset.refused;
    problem.hidden = false;
  }
}

if (globalThis.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      use(form);
    });
  }
}
