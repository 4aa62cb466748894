// Mailing the link for its maker: posts the link's key, which this page alone knows, to our mail server.
// If that fails the key is still here, so the next press of the button tries again.

const form = document.getElementById("mail-form");
const result = document.getElementById("mail-result");

async function send() {
  form.elements.link.value = document.getElementById("link").value.split("#")[1];
  const answer = await fetch(form.action, {
    method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
  });
  const { detail, title } = await answer.json();
  result.textContent = detail || title;
  result.classList.toggle("error", !answer.ok);
  // A link that is on its way may be left: the page need no longer ask before it closes.
  if (answer.ok) document.getElementById("made").dispatchEvent(new Event("copied"));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  result.textContent = "";
  send().catch(() => {
    result.textContent = result.dataset.offline;
    result.classList.add("error");
  });
});
