export * from "./chromium.ts";
export * from "./gallery.ts";
export * from "./mail_folder.ts";
