// Lets a form ask the browser for a passkey: a button with `data-passkey` (`create` or `get`) and `data-options` (JSON) shows itself
// where the browser can, and puts the answer into the field `passkey` of its form. https://www.w3.org/TR/webauthn-3/
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const credentials = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function ask(kind, options) {
  const challenge = bytes(options.challenge);
  if (kind === 'get') {
    const publicKey = { ...options, challenge, allowCredentials: credentials(options.allowCredentials) };
    const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
    return {
      id,
      rawId: text(rawId),
      type,
      clientExtensionResults: {},
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        ...(response.userHandle ? { userHandle: text(response.userHandle) } : {}),
      },
    };
  }
  const publicKey = {
    ...options,
    challenge,
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: credentials(options.excludeCredentials),
  };
  const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
  return {
    id,
    rawId: text(rawId),
    type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

for (const button of document.querySelectorAll('button[data-passkey]')) {
  if (!window.PublicKeyCredential) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const { form } = button;
    const problem = form.querySelector('[data-passkey-problem]');
    // What the form asks for beside the passkey.
    if (button.dataset.passkey === 'create' && !form.reportValidity()) return;
    problem.hidden = true;
    try {
      const answer = await ask(button.dataset.passkey, JSON.parse(button.dataset.options));
      form.elements.passkey.value = JSON.stringify(answer);
      form.submit();
    } catch {
      problem.hidden = false;
    }
  });
}
