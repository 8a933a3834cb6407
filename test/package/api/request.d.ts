declare const methods: readonly ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"];
/** A method, in capitals. */
type Method = (typeof methods)[number];
/** A JSON object. Serialisation finds members that are not JSON. */
type JsonObject = Record<string, unknown>;
/** A body. An object or a list is sent as JSON or as a form, a string as it is. */
type RequestBody = JsonObject | unknown[] | string;
declare const formArrays: readonly ["brackets", "repeat", "comma"];
/** How a form writes a list: `to[]=a&to[]=b`, `to=a&to=b` or `to=a,b`. */
type FormArrays = (typeof formArrays)[number];
/** One value of the query string. */
type ParamValue = string | number | boolean;
/** The parameters of `clientSecretRequest` that travel to the relay. The callbacks stay in the browser. */
interface ClientSecretRequest {
    clientSecretName: string;
    url: string;
    method: Method;
    headers?: Record<string, string> | undefined;
    data?: RequestBody | undefined;
    formArrays?: FormArrays | undefined;
    params?: Record<string, ParamValue | ParamValue[]> | undefined;
    poll?: number | undefined;
    expires?: number | undefined;
    queue?: string | undefined;
    /** Keeps the answer of a background request as a stream, for `GET /requests/:id/stream`. The record has its head. */
    keep?: boolean | undefined;
}

export type { ClientSecretRequest as C, FormArrays as F, JsonObject as J, Method as M, ParamValue as P, RequestBody as R };
