// Signs in and signs up passkeys. Each form with `data-passkey` posts what the authenticator has answered,
// as an ordinary form: what comes of it is shown by a page, like everything else.

/** Before the challenge ends, which the server has given for 5 minutes. */
const renewedEveryMs = 240_000;

/** Ends the offer of passkeys: a browser takes one request at a time. */
const pressed = new AbortController();
/** Settled when nothing is offered any more. */
let offered = Promise.resolve();

if ("PublicKeyCredential" in globalThis && "parseRequestOptionsFromJSON" in PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) prepare(form);
}

function prepare(form) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    pressed.abort();
    void answer(form, form.dataset.passkey === "create" ? create : get);
  });
  if (form.dataset.passkey === "offer") offered = offer(form);
}

/** Lets the browser offer passkeys where it fills in the e-mail address, as long as the page is open. */
async function offer(form) {
  if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
  for (;;) {
    const renewal = AbortSignal.timeout(renewedEveryMs);
    const signal = AbortSignal.any([pressed.signal, renewal]);
    try {
      const publicKey = requestOptions(await optionsOf(form));
      send(form, await navigator.credentials.get({ mediation: "conditional", publicKey, signal }));
      return;
    } catch {
      // Somebody types their password, or has pressed the button. Only a new challenge is worth waiting for.
      if (pressed.signal.aborted || !renewal.aborted) return;
    }
  }
}

async function answer(form, ask) {
  const [button, fault] = [form.querySelector("button"), form.querySelector("[role=alert]")];
  button.disabled = true;
  fault.textContent = "";
  try {
    await offered;
    send(form, await ask(await optionsOf(form)));
  } catch (thrown) {
    fault.textContent = thrown instanceof Refusal ? thrown.message : faultOf(thrown);
  } finally {
    button.disabled = false;
  }
}

function get(options) {
  return navigator.credentials.get({ publicKey: requestOptions(options) });
}

function create(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return navigator.credentials.create({ publicKey });
}

function requestOptions(options) {
  return PublicKeyCredential.parseRequestOptionsFromJSON(options);
}

/** What the server said no to, in its own words. */
class Refusal extends Error {}

async function optionsOf(form) {
  const body = new URLSearchParams(new FormData(form));
  const response = await fetch(form.dataset.options, { method: "POST", body });
  if (response.ok) return await response.json();
  const { detail, title } = await response.json().catch(() => ({}));
  throw new Refusal(detail ?? title ?? "This did not work. Load the page again.");
}

function send(form, credential) {
  form.elements.namedItem("passkey").value = JSON.stringify(credential.toJSON());
  form.submit();
}

function faultOf({ name }) {
  if (name === "InvalidStateError") return "This device has a passkey for your account already.";
  if (name === "NotAllowedError") return "No passkey was used: it was cancelled, or took too long.";
  return "Your browser could not use a passkey.";
}
