export interface HostListing { readonly name: string }
export async function listHost(name: string, uri: string): Promise<HostListing> {
  return { name };
}
