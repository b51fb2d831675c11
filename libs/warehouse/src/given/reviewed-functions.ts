/** Categories of `system.functions` whose functions compute from their arguments, and nothing else. */
export const COMPUTING_CATEGORIES: ReadonlySet<string> = new Set([
  ...["Arithmetic", "Arrays", "Bit", "Bitmap", "Comparison", "Conditional", "Dates and Times", "Distance", "Encoding"],
  ...["Encryption", "Financial", "Geo", "Geo Polygon", "Hash", "IP Address", "JSON", "Logical", "Map", "Mathematical"],
  ...["Null", "NumericIndexedVector", "QBit", "Random Number", "Rounding", "String", "String Replacement"],
  ...["String Search", "String Splitting", "Time Series", "Time Window", "Tuple", "Type Conversion", "URL", "UUID"],
]);

/** Functions of the other categories that were looked at: they tell of the query, the session or the engine, or compute. */
export const HARMLESS_FUNCTIONS: ReadonlySet<string> = new Set(
  `
    FQDN MACNumToString MACStringToNum MACStringToOUI _CAST __actionName __applyFilter __bitBoolMaskAnd
    __bitBoolMaskOr __bitSwapLastTwo __bitWrapperFunc __getScalar __patchPartitionID __scalarSubqueryResult
    __toYearCalendarOnly authenticatedUser bar blockNumber blockSerializedSize blockSize byteSize
    caseWithExpression colorOKLABToSRGB colorOKLCHToSRGB colorSRGBToOKLAB colorSRGBToOKLCH connectionId
    countDigits currentDatabase currentProfiles currentQueryID currentRoles currentSchemas currentUser
    defaultProfiles defaultRoles defaultValueOfArgumentType defaultValueOfTypeName digits displayName
    dumpColumnStructure enabledProfiles enabledRoles errorCodeToName finalizeAggregation flipCoordinates
    formatQuery formatQueryOrNull formatQuerySingleLine formatQuerySingleLineOrNull formatReadableDecimalSize
    formatReadableQuantity formatReadableSize formatReadableTimeDelta generateRandomStructure
    getMaxTableNameLengthForDatabase getMergeTreeSetting getSetting getSettingOrDefault getSizeOfEnumType
    getSubcolumn getTypeSerializationStreams globalVariable hasColumnInTable hasThreadFuzzer highlightQuery
    hostName icebergBucket icebergTruncate identity ignore indexHint initialQueryID initialQueryStartTime
    initializeAggregation isConstant isDecimalOverflow lowCardinalityIndices lowCardinalityKeys materialize
    minSampleSizeContinuous minSampleSizeConversion neighbor nested normalizeQuery normalizeQueryKeepNames
    normalizedQueryHash normalizedQueryHashKeepNames obfuscateQuery obfuscateQueryWithSeed parseReadableSize
    parseReadableSizeOrNull parseReadableSizeOrZero parseTimeDelta partitionId queryID revision
    rowNumberInAllBlocks rowNumberInBlock runningAccumulate runningConcurrency runningDifference
    runningDifferenceStartingWithFirstValue shardCount shardNum throwIf toColumnTypeName toTypeName tokenizeQuery
    transactionID transactionLatestSnapshot transactionOldestSnapshot transform uptime validateNestedArraySizes
    variantElement variantType version visibleWidth
  `
    .trim()
    .split(/\s+/),
);
