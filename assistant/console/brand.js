// What this installation is called, as the page came.
export const brand = document.title
