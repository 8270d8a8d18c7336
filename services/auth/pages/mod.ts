export * from "./consent_page.tsx";
export * from "./message_pages.tsx";
export type { Markup } from "./layout.tsx";
export * from "./page_response.ts";
export * from "./second_step_page.tsx";
export * from "./sign_in_page.tsx";
