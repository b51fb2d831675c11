import { WarehouseError, type TableName } from "@leastwise/warehouse";

/** The records of a block, all of one partition. */
export interface BlockPlace {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** The group whose commit says how far the partition is recorded. */
  readonly group: string;
}

/** The warehouse refuses a block, and would refuse it again: which block, without a word of what is in it. */
export class RefusedBlock extends WarehouseError {
  readonly table: TableName;
  readonly place: BlockPlace;

  /** @param refused what the warehouse said, which may cite rows: it stays the cause */
  constructor(refused: WarehouseError, table: TableName, place: BlockPlace) {
    const { topic, partition, firstOffset, lastOffset } = place;
    const options = refused.clickhouseCode === undefined ? {} : { clickhouseCode: refused.clickhouseCode };
    super(
      refused.code,
      `the table ${table} does not take offsets ${firstOffset} to ${lastOffset} of ${topic}, partition ${partition}`,
      refused.hint,
      { ...options, cause: refused },
    );
    this.table = table;
    this.place = place;
  }
}
