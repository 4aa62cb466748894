// The visible wait before another mail may be asked for: counts down and then frees the button.
// Without script the button is there at once, and the server says how long there is to wait.

for (const hint of document.querySelectorAll("[data-wait]")) {
  const button = hint.closest("form").querySelector("button");
  const until = Date.now() + Number(hint.dataset.wait) * 1000;
  button.disabled = true;
  const timer = setInterval(tick, 1000);

  function tick() {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left > 0) {
      hint.textContent = hint.dataset.text.replace("{seconds}", left);
      return;
    }
    clearInterval(timer);
    hint.hidden = true;
    button.disabled = false;
  }
}
