// A secret in the address of the page, such as an invitation, stands after the "#": browsers send that to nobody.
// It goes into its field, and out of the address.

const field = document.querySelector("[data-secret]");
const secret = new URLSearchParams(location.hash.slice(1)).get(field.name);
if (secret) {
  history.replaceState(null, "", location.pathname + location.search);
  field.value = secret;
  if (field.dataset.secret === "send") field.form.requestSubmit();
}
