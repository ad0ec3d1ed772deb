/**
 * Stands in for `@aws-sdk/endpoint-cache` inside the bundles. The client makes one at its start for endpoint discovery, which is
 * off unless somebody turns it on, and which DynamoDB does not need: 8 KB that no function ever runs.
 */
export class EndpointCache {
  get(): undefined {
    return undefined;
  }
}
