export * from "./account_pages.tsx";
export * from "./consent_page.tsx";
export type { Markup } from "./layout.tsx";
export * from "./message_pages.tsx";
export * from "./page_response.ts";
export * from "./reset_pages.tsx";
export * from "./sign_in_page.tsx";
export * from "./sign_up_pages.tsx";
