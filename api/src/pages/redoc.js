// Shows the API's description in Redoc. A file of its own, as the page's policy forbids inline scripts.
window.Redoc.init(
  '/openapi.json',
  { hideDownloadButton: false, nativeScrollbars: true, requiredPropsFirst: true },
  document.getElementById('reference'),
);
