declare const methods: readonly ["GET", "POST", "PUT", "DELETE", "PATCH"];
/** The method as it travels. */
type Method = (typeof methods)[number];
/** A JSON object; that its members are JSON shows when it is serialised. */
type JsonObject = Record<string, unknown>;
/** One value of the query string. */
type ParamValue = string | number | boolean;
/**
 * What a request is: the parameters of `clientSecretRequest` that travel to the
 * relay. The callbacks stay in the browser.
 */
interface ClientSecretRequest {
    clientSecretName: string;
    url: string;
    method: Method;
    headers?: Record<string, string> | undefined;
    data?: JsonObject | undefined;
    params?: Record<string, ParamValue | ParamValue[]> | undefined;
    poll?: number | undefined;
    expires?: number | undefined;
    queue?: string | undefined;
}

export type { ClientSecretRequest as C, JsonObject as J, Method as M, ParamValue as P };
