/** Registers what runs are found by: a start or upsert with an attribute that the server does not know would fail. */
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../../domain/run/search.ts';
import { connectionOptions, type TemporalAddress } from './temporal-address.ts';

// CommonJS: its names cannot be imported one by one.
const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

/** As `temporal server start-dev --search-attribute` takes them: known from the first moment. */
export const searchAttributeArguments = (): string[] =>
  Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]);

/**
 * @returns null where all are registered, else why not (no permission, a server that keeps none, another type under our
 *   name): runs then carry a memo only, and cannot be searched for.
 */
export async function registerSearchAttributes(address: TemporalAddress): Promise<string | null> {
  const { namespace } = address;
  const connection = await Connection.connect(connectionOptions(address));
  try {
    const missing = await missingAttributes(connection, namespace);
    if (missing.length === 0) return null;
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    const left = await missingAttributes(connection, namespace);
    return left.length === 0 ? null : `the server still does not list ${left.join(', ')}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await connection.close();
  }
}

async function missingAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.values(SEARCH_ATTRIBUTES).filter((name) => {
    const type = customAttributes[name];
    if (type !== undefined && type !== INDEXED_VALUE_TYPE_KEYWORD) {
      throw new Error(`the search attribute ${name} has another type than Keyword`);
    }
    return type === undefined;
  });
}
