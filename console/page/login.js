/** A token becomes a session: a cookie that no script can read. */

import { byId } from "./element.js";

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { token, name } = Object.fromEntries(new FormData(event.target));
  const answer = await fetch("api/login", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Threedots-Console": "1" },
    body: JSON.stringify({ token, name }),
  }).catch(() => null);
  if (answer?.ok) {
    location.replace("../console");
    return;
  }
  const told = await answer?.json().catch(() => null);
  byId("trouble").textContent = told?.detail ?? "The server cannot be reached, or does not answer to this page.";
  event.target.elements.token.select();
});
byId("enter").disabled = false; // until now a key would have sent the form itself, which leads nowhere
